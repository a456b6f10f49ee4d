/* language.c - autonyms of languages. */
#include "language.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *tag, *name;
} names[] = {
    { "zh-Hans", "简体中文" },
    { "zh-Hant", "繁體中文" },
    { "zh-CN", "简体中文" },
    { "zh-SG", "简体中文" },
    { "zh-TW", "繁體中文" },
    { "zh-HK", "繁體中文（香港）" },
    { "zh", "中文" },
    { "cmn", "普通话" },
    { "yue", "粵語" },
    { "nan", "閩南語" },
    { "en", "English" },
    { "ja", "日本語" },
    { "ko", "한국어" },
    { "fr", "Français" },
    { "de", "Deutsch" },
    { "es", "Español" },
    { "pt", "Português" },
    { "it", "Italiano" },
    { "nl", "Nederlands" },
    { "ru", "Русский" },
    { "uk", "Українська" },
    { "pl", "Polski" },
    { "cs", "Čeština" },
    { "sv", "Svenska" },
    { "da", "Dansk" },
    { "nb", "Norsk bokmål" },
    { "no", "Norsk" },
    { "fi", "Suomi" },
    { "el", "Ελληνικά" },
    { "tr", "Türkçe" },
    { "ar", "العربية" },
    { "he", "עברית" },
    { "fa", "فارسی" },
    { "hi", "हिन्दी" },
    { "bn", "বাংলা" },
    { "ta", "தமிழ்" },
    { "th", "ไทย" },
    { "vi", "Tiếng Việt" },
    { "id", "Bahasa Indonesia" },
    { "ms", "Bahasa Melayu" },
    { "tl", "Tagalog" },
    { "my", "မြန်မာ" },
    { "km", "ខ្មែរ" },
    { "lo", "ລາວ" },
    { "mn", "Монгол" },
    { "bo", "བོད་སྐད་" },
    { "ug", "ئۇيغۇرچە" },
    { "hu", "Magyar" },
    { "ro", "Română" },
    { "bg", "Български" },
    { "sr", "Српски" },
    { "hr", "Hrvatski" },
    { "und", "?" },
};

const char *language_name(const char *tag)
{
    size_t length = strlen(tag);

    for (;;) { /* the whole tag, then without its last part */
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            if (strlen(names[i].tag) == length && strncasecmp(names[i].tag, tag, length) == 0)
                return names[i].name;
        while (length > 0 && tag[length - 1] != '-')
            length--;
        if (length == 0)
            return tag;
        length--;
    }
}
