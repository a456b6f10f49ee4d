#include "stream.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* ISO 639-2 (terminology and, where another, bibliographic) and its ISO 639-1, of five letters. */
static const char pairs[][6] = {
    "aaraa", "abkab", "afraf", "akaak", "albsq", "amham", "araar", "argan", "armhy", "asmas",
    "avaav", "aveae", "aymay", "azeaz", "bakba", "bambm", "baqeu", "belbe", "benbn", "bihbh",
    "bisbi", "bodbo", "bosbs", "brebr", "bulbg", "burmy", "catca", "cescs", "chach", "chece",
    "chizh", "chucu", "chvcv", "corkw", "cosco", "crecr", "cymcy", "czecs", "danda", "deude",
    "divdv", "dutnl", "dzodz", "ellel", "engen", "epoeo", "estet", "euseu", "eweee", "faofo",
    "fasfa", "fijfj", "finfi", "frafr", "frefr", "fryfy", "fulff", "geoka", "gerde", "glagd",
    "glega", "glggl", "glvgv", "greel", "grngn", "gujgu", "hatht", "hauha", "hebhe", "herhz",
    "hinhi", "hmoho", "hrvhr", "hunhu", "hyehy", "iboig", "iceis", "idoio", "iiiii", "ikuiu",
    "ileie", "inaia", "indid", "ipkik", "islis", "itait", "javjv", "jpnja", "kalkl", "kankn",
    "kasks", "katka", "kaukr", "kazkk", "khmkm", "kikki", "kinrw", "kirky", "komkv", "konkg",
    "korko", "kuakj", "kurku", "laolo", "latla", "lavlv", "limli", "linln", "litlt", "ltzlb",
    "lublu", "luglg", "macmk", "mahmh", "malml", "maomi", "marmr", "mayms", "mkdmk", "mlgmg",
    "mltmt", "monmn", "mrimi", "msams", "myamy", "nauna", "navnv", "nblnr", "ndend", "ndong",
    "nepne", "nldnl", "nnonn", "nobnb", "norno", "nyany", "ocioc", "ojioj", "orior", "ormom",
    "ossos", "panpa", "perfa", "plipi", "polpl", "porpt", "pusps", "quequ", "rohrm", "ronro",
    "rumro", "runrn", "rusru", "sagsg", "sansa", "sinsi", "slksk", "slosk", "slvsl", "smese",
    "smosm", "snasn", "sndsd", "somso", "sotst", "spaes", "sqisq", "srdsc", "srpsr", "sswss",
    "sunsu", "swasw", "swesv", "tahty", "tamta", "tattt", "telte", "tgktg", "tgltl", "thath",
    "tibbo", "tirti", "tonto", "tsntn", "tsots", "tuktk", "turtr", "twitw", "uigug", "ukruk",
    "urdur", "uzbuz", "venve", "vievi", "volvo", "welcy", "wlnwa", "wolwo", "xhoxh", "yidyi",
    "yoryo", "zhaza", "zhozh", "zulzu",
};

/* Codes that name no language. */
static const char *const none[] = { "und", "mis", "mul", "zxx", "qaa" };

/* Letters and digits in parts of one to eight, joined by hyphens; the first of two or three
 * letters. */
static int well_formed(const char *tag)
{
    size_t part = 0, first = 0, i;

    for (i = 0; tag[i]; i++) {
        if (tag[i] == '-') {
            if (!part)
                return 0;
            if (!first)
                first = i;
            part = 0;
        } else if (!isalnum((unsigned char)tag[i]) || ++part > 8 ||
                   (!first && !isalpha((unsigned char)tag[i]))) {
            return 0;
        }
    }
    if (!first)
        first = i;
    return part && (first == 2 || first == 3);
}

/* As BCP 47 writes them: zh-Hant-TW. */
static void set_case(char *tag)
{
    char *p = tag, *end;
    size_t n, i;

    for (n = 0; *p; n++, p = *end ? end + 1 : end) {
        end = strchrnul(p, '-');
        for (i = 0; p + i < end; i++)
            p[i] = (char)tolower((unsigned char)p[i]);
        if (n && end - p == 4 && isalpha((unsigned char)p[0]))
            p[0] = (char)toupper((unsigned char)p[0]);
        if (n && end - p == 2)
            for (i = 0; i < 2; i++)
                p[i] = (char)toupper((unsigned char)p[i]);
    }
}

void stream_language(const char *tag, char out[STREAM_LANGUAGE_MAX])
{
    char text[STREAM_LANGUAGE_MAX];
    size_t i, length;
    char *p;

    memcpy(out, "und", sizeof("und"));
    if (!tag || strlen(tag) >= sizeof text)
        return;
    memcpy(text, tag, strlen(tag) + 1);
    for (p = text; *p; p++)
        if (*p == '_')
            *p = '-';
    if (!well_formed(text))
        return;
    set_case(text);
    length = strcspn(text, "-");
    for (i = 0; i < sizeof none / sizeof *none; i++)
        if (length == 3 && !strncmp(text, none[i], 3))
            return;
    for (i = 0; length == 3 && i < sizeof pairs / sizeof *pairs; i++) {
        if (!strncmp(text, pairs[i], 3)) {
            text[0] = pairs[i][3];
            text[1] = pairs[i][4];
            memmove(text + 2, text + 3, strlen(text + 3) + 1);
            break;
        }
    }
    memcpy(out, text, strlen(text) + 1);
}
