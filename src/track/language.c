/* language.c - a BCP 47 tag as the three letters of ISO 639-2/T that mdhd holds. */
#include "language.h"

#include <string.h>

/* Two letters of ISO 639-1 and the three of ISO 639-2/T, in order. */
static const char codes[] = "aaaar"
                            "ababk"
                            "aeave"
                            "afafr"
                            "akaka"
                            "amamh"
                            "anarg"
                            "arara"
                            "asasm"
                            "avava"
                            "ayaym"
                            "azaze"
                            "babak"
                            "bebel"
                            "bgbul"
                            "bhbih"
                            "bibis"
                            "bmbam"
                            "bnben"
                            "bobod"
                            "brbre"
                            "bsbos"
                            "cacat"
                            "ceche"
                            "chcha"
                            "cocos"
                            "crcre"
                            "csces"
                            "cuchu"
                            "cvchv"
                            "cycym"
                            "dadan"
                            "dedeu"
                            "dvdiv"
                            "dzdzo"
                            "eeewe"
                            "elell"
                            "eneng"
                            "eoepo"
                            "esspa"
                            "etest"
                            "eueus"
                            "fafas"
                            "ffful"
                            "fifin"
                            "fjfij"
                            "fofao"
                            "frfra"
                            "fyfry"
                            "gagle"
                            "gdgla"
                            "glglg"
                            "gngrn"
                            "guguj"
                            "gvglv"
                            "hahau"
                            "heheb"
                            "hihin"
                            "hohmo"
                            "hrhrv"
                            "hthat"
                            "huhun"
                            "hyhye"
                            "hzher"
                            "iaina"
                            "idind"
                            "ieile"
                            "igibo"
                            "iiiii"
                            "ikipk"
                            "ioido"
                            "isisl"
                            "itita"
                            "iuiku"
                            "jajpn"
                            "jvjav"
                            "kakat"
                            "kgkon"
                            "kikik"
                            "kjkua"
                            "kkkaz"
                            "klkal"
                            "kmkhm"
                            "knkan"
                            "kokor"
                            "krkau"
                            "kskas"
                            "kukur"
                            "kvkom"
                            "kwcor"
                            "kykir"
                            "lalat"
                            "lbltz"
                            "lglug"
                            "lilim"
                            "lnlin"
                            "lolao"
                            "ltlit"
                            "lulub"
                            "lvlav"
                            "mgmlg"
                            "mhmah"
                            "mimri"
                            "mkmkd"
                            "mlmal"
                            "mnmon"
                            "mrmar"
                            "msmsa"
                            "mtmlt"
                            "mymya"
                            "nanau"
                            "nbnob"
                            "ndnde"
                            "nenep"
                            "ngndo"
                            "nlnld"
                            "nnnno"
                            "nonor"
                            "nrnbl"
                            "nvnav"
                            "nynya"
                            "ococi"
                            "ojoji"
                            "omorm"
                            "orori"
                            "ososs"
                            "papan"
                            "pipli"
                            "plpol"
                            "pspus"
                            "ptpor"
                            "quque"
                            "rmroh"
                            "rnrun"
                            "roron"
                            "rurus"
                            "rwkin"
                            "sasan"
                            "scsrd"
                            "sdsnd"
                            "sesme"
                            "sgsag"
                            "sisin"
                            "skslk"
                            "slslv"
                            "smsmo"
                            "snsna"
                            "sosom"
                            "sqsqi"
                            "srsrp"
                            "ssssw"
                            "stsot"
                            "susun"
                            "svswe"
                            "swswa"
                            "tatam"
                            "tetel"
                            "tgtgk"
                            "ththa"
                            "titir"
                            "tktuk"
                            "tltgl"
                            "tntsn"
                            "toton"
                            "trtur"
                            "tstso"
                            "tttat"
                            "twtwi"
                            "tytah"
                            "uguig"
                            "ukukr"
                            "ururd"
                            "uzuzb"
                            "veven"
                            "vivie"
                            "vovol"
                            "wawln"
                            "wowol"
                            "xhxho"
                            "yiyid"
                            "yoyor"
                            "zazha"
                            "zhzho"
                            "zuzul";

void spn_language_three(const char *tag, char out[4])
{
    size_t length = strcspn(tag, "-");
    size_t low = 0, high = (sizeof(codes) - 1) / 5;

    memcpy(out, "und", 4);
    for (size_t i = 0; i < length; i++)
        if (tag[i] < 'a' || tag[i] > 'z')
            return;
    if (length == 3)
        memcpy(out, tag, 3);
    while (length == 2 && low < high) {
        size_t middle = (low + high) / 2;
        int order = memcmp(tag, codes + middle * 5, 2);

        if (order == 0) {
            memcpy(out, codes + middle * 5 + 2, 3);
            return;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
}

int spn_language_check(const char *tag, size_t size)
{
    size_t length = strnlen(tag, size);

    if (length < 2 || length == size || tag[0] == '-' || tag[length - 1] == '-')
        return 0;
    for (size_t i = 0; i < length; i++) {
        char c = tag[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c == '-' && tag[i + 1] != '-')))
            return 0;
    }
    return 1;
}
