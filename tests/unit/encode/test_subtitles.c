/* test_subtitles.c - delivered subtitles and what is kept of them, to the byte. */
#include "rows.h"

#include <stdio.h>

#include "sampan/cues.h"
#include "text.h"

#define SIZED(literal) literal, sizeof(literal) - 1
#define HEAD           "WEBVTT\n\n"
#define SRT            "1\n00:00:01,000 --> 00:00:02,500\n"
#define AT             "00:00:01.000 --> 00:00:02.500"
#define VTT            "WEBVTT\n\n00:01.000 --> 00:02.500"
#define EVENTS                                                                                     \
    "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
#define LINE(style, text) "Dialogue: 0,0:00:01.00,0:00:02.50," style ",,0,0,0,," text "\n"
#define STYLES                                                                                     \
    "[Script Info]\n[V4+ Styles]\nFormat: Name, PrimaryColour, Bold, Italic, Underline, "          \
    "Alignment\n"                                                                                  \
    "Style: Top,&H0000FFFF,-1,0,0,8\nStyle: Default,&H00FFFFFF,0,0,0,2\n"
#define TT                                                                                         \
    "<tt xmlns='http://www.w3.org/ns/ttml' xmlns:tts='http://www.w3.org/ns/ttml#styling' "         \
    "xmlns:ttp='http://www.w3.org/ns/ttml#parameter'"

static const struct row {
    const char *name; /* of the test */
    const char *file; /* name of the file */
    const char *bytes;
    size_t size;
    const char *want; /* what is kept, or what is in the sentence of a refusal */
    int code;
    const char *note; /* in one of the notes, or NULL */
} rows[] = {
    /* SubRip */
    { "srt: one cue", "a.srt", SIZED(SRT "hello\n"), HEAD AT "\nhello\n\n", SPN_OK, NULL },
    { "srt: CRLF and no line end at the end", "a.srt",
      SIZED("1\r\n00:00:01,000 --> 00:00:02,500\r\nhello\r\nyou"), HEAD AT "\nhello\nyou\n\n",
      SPN_OK, NULL },
    { "srt: CR alone", "a.srt", SIZED("1\r00:00:01,000 --> 00:00:02,500\rhello\r\r"),
      HEAD AT "\nhello\n\n", SPN_OK, NULL },
    { "srt: full stops, short fractions, no hours, coordinates", "a.srt",
      SIZED("0:00:01.0 --> 00:02.5  X1:1 X2:2 Y1:3 Y2:4\nhello\n"), HEAD AT "\nhello\n\n", SPN_OK,
      NULL },
    { "srt: an empty line inside of text is left out", "a.srt",
      SIZED(SRT "a\n\nb\n\n2\n00:00:03,000 --> 00:00:04,000\nc\n"),
      HEAD AT "\na\nb\n\n00:00:03.000 --> 00:00:04.000\nc\n\n", SPN_OK, NULL },
    { "srt: a number in the text stays", "a.srt",
      SIZED(SRT "1984\n\n2\n00:00:03,000 --> 00:00:04,000\n42\n43\n"),
      HEAD AT "\n1984\n\n00:00:03.000 --> 00:00:04.000\n42\n43\n\n", SPN_OK, NULL },
    { "srt: cues come in order of time", "a.srt",
      SIZED("1\n00:00:05,000 --> 00:00:06,000\nb\n\n2\n00:00:01,000 --> 00:00:02,500\na\n"),
      HEAD AT "\na\n\n00:00:05.000 --> 00:00:06.000\nb\n\n", SPN_OK, NULL },
    { "srt: tags nest again where they did not", "a.srt", SIZED(SRT "<b>a<i>b</b>c</i> <u>d\n"),
      HEAD AT "\n<b>a<i>b</i></b><i>c</i> <u>d</u>\n\n", SPN_OK, NULL },
    { "srt: a colour of the eight is a class", "a.srt",
      SIZED(SRT "<font color=\"#FF0000\">a</font><font color=teal>b</font>\n"),
      HEAD AT "\n<c.red>a</c>b\n\n", SPN_OK, NULL },
    { "srt: what is no tag is text", "a.srt", SIZED(SRT "1 < 2 <x> & &amp; 3 --> 4\n"),
      HEAD AT "\n1 &lt; 2 &lt;x&gt; &amp; &amp; 3 --&gt; 4\n\n", SPN_OK, NULL },
    { "srt: {\\an8} stands above", "a.srt", SIZED(SRT "{\\an8}above\n"),
      HEAD AT " line:0\nabove\n\n", SPN_OK, NULL },
    { "srt: a cue of no time is left out and noted", "a.srt",
      SIZED(SRT "a\n\n2\n00:00:04,000 --> 00:00:03,000\nb\n"), HEAD AT "\na\n\n", SPN_OK,
      "1 cues" },
    { "srt: a cue without text is left out and noted", "a.srt",
      SIZED(SRT "a\n\n2\n00:00:03,000 --> 00:00:04,000\n<i></i>\n"), HEAD AT "\na\n\n", SPN_OK,
      "no text" },
    { "srt: control characters are left out", "a.srt",
      SIZED(SRT "a\x01"
                "b\tc\n"),
      HEAD AT "\nab c\n\n", SPN_OK, NULL },
    { "srt: a time that is none is named by its line", "a.srt",
      SIZED(SRT "a\n\n2\n00:00:xx,000 --> 00:00:04,000\nb\n"), "line 6 of a.srt", SPN_EFORMAT,
      NULL },
    { "srt: sixty minutes are none", "a.srt", SIZED("1\n00:60:00,000 --> 00:61:00,000\nb\n"),
      "line 2 of a.srt", SPN_EFORMAT, NULL },
    { "srt: prose is none", "a.srt", SIZED("Dear all,\nplease\n"), "line 1 of a.srt", SPN_EFORMAT,
      NULL },
    { "srt: a number alone is none", "a.srt", SIZED("1\n"), "no cue in it", SPN_EFORMAT, NULL },
    { "an empty file is refused", "a.srt", SIZED(""), "a.srt is empty", SPN_EFORMAT, NULL },

    /* encodings */
    { "a byte order mark is no text", "a.srt", SIZED("\xEF\xBB\xBF" SRT "h\n"), HEAD AT "\nh\n\n",
      SPN_OK, NULL },
    { "GB18030 is told", "a.srt",
      SIZED(SRT "\xD5\xE2\xCA\xC7\xD6\xD0\xCE\xC4\xA3\xAC\xCE\xD2\xC3\xC7\xD4\xDA\xD5\xE2\xC0\xEF"
                "\xB5\xC8\xC4\xE3\n"),
      HEAD AT "\n这是中文，我们在这里等你\n\n", SPN_OK, "GB18030" },
    { "Big5 is told", "a.srt",
      SIZED(SRT "\xB3\x6F\xAC\x4F\xA4\xA4\xA4\xE5\xA1\x41\xA7\xDA\xAD\xCC\xA6\x62\xB3\x6F\xB8\xCC"
                "\xB5\xA5\xA7\x41\n"),
      HEAD AT "\n這是中文，我們在這裡等你\n\n", SPN_OK, "Big5" },
    { "UTF-16 with its mark", "a.srt",
      SIZED("\xFF\xFE"
            "1\0\n\0"
            "0\0:\0"
            "0\0001\0,\0"
            "0\0"
            "0\0"
            "0\0 \0-\0-\0>\0 \0"
            "0\0:\0"
            "0\0"
            "2\0,\0"
            "5\0\n\0"
            "\x60\x4f\n\0"),
      HEAD AT "\n你\n\n", SPN_OK, "UTF-16LE" },
    { "half a character of UTF-16 is refused", "a.srt",
      SIZED("\xFF\xFE"
            "1\0\n\0"
            "\x00\xD8"),
      "goes on as something else", SPN_EFORMAT, NULL },
    { "UTF-8 that breaks after its mark is refused", "a.srt", SIZED("\xEF\xBB\xBF" SRT "\xFF\n"),
      "goes on as something else", SPN_EFORMAT, NULL },
    { "TTML in the encoding it declares", "a.xml",
      SIZED("<?xml version='1.0' encoding='GB2312'?>" TT
            "><body><div><p begin='1s' end='2.5s'>\xD6\xD0</p></div></body></tt>"),
      HEAD AT "\n中\n\n", SPN_OK, "GB18030" },

    /* WebVTT */
    { "vtt: one cue with hours, identifier, comment and style", "a.vtt",
      SIZED("WEBVTT title\nheader: x\n\nSTYLE\n::cue { color: red }\n\nNOTE "
            "a\nb\n\nid\n00:00:01.000 --> 00:00:02.500\nhello\n"),
      HEAD AT "\nhello\n\n", SPN_OK, "style sheets" },
    { "vtt: settings that are sound are kept, in one order", "a.vtt",
      SIZED(
          VTT
          " align:start  line:0 position:150% size:50% region:x line:-1 foo:bar align:middle\nx\n"),
      HEAD AT " line:-1 size:50% align:start\nx\n\n", SPN_OK, NULL },
    { "vtt: tags", "a.vtt",
      SIZED(VTT "\n<v.loud Ann Lee>a <c.red.x><i>b</i></c> <00:00:01.500><lang en>c</lang>\n"),
      HEAD AT "\n<v Ann Lee>a <c.red><i>b</i></c> c</v>\n\n", SPN_OK, NULL },
    { "vtt: the name of a voice makes no arrow", "a.vtt", SIZED(VTT "\n<v Ann -\0->a\n"),
      HEAD AT "\n<v Ann>a</v>\n\n", SPN_OK, NULL },
    { "vtt: ruby", "a.vtt", SIZED(VTT "\n<ruby>漢<rt>kan</rt>字<rt>ji</ruby>!\n"),
      HEAD AT "\n<ruby>漢<rt>kan</rt>字<rt>ji</rt></ruby>!\n\n", SPN_OK, NULL },
    { "vtt: references", "a.vtt", SIZED(VTT "\n&lt;&amp;&gt;&nbsp;&#20320;&#x4f60;&bogus;\n"),
      HEAD AT "\n&lt;&amp;&gt;\xC2\xA0你你&amp;bogus;\n\n", SPN_OK, NULL },
    { "vtt: references without a semicolon", "a.vtt",
      SIZED(VTT "\n&amp &ltx &notit; &copy;&hellip;&hellip\n"),
      HEAD AT "\n&amp; &lt;x \xC2\xACit; ©…&amp;hellip\n\n", SPN_OK, NULL },
    { "vtt: a tag that does not end takes the rest", "a.vtt", SIZED(VTT "\na<i\nb\n"),
      HEAD AT "\na\n\n", SPN_OK, NULL },
    { "vtt: an arrow begins a cue, empty line or not", "a.vtt",
      SIZED(VTT "\na\n00:03.000 --> 00:04.000\nb\n"),
      HEAD AT "\na\n\n00:00:03.000 --> 00:00:04.000\nb\n\n", SPN_OK, NULL },
    { "vtt: a bad time among good ones is noted with its line", "a.vtt",
      SIZED("WEBVTT\n\n00:01 --> 00:02\nx\n\n00:01.000 --> 00:02.500\ny\n"), HEAD AT "\ny\n\n",
      SPN_OK, "line 3" },
    { "vtt: bad times alone are refused with the line", "a.vtt",
      SIZED("WEBVTT\n\n00:01 --> 00:02\nx\n"), "line 3 of a.vtt", SPN_EFORMAT, NULL },
    { "vtt: without its signature it is none", "a.vtt", SIZED("00:01.000 --> 00:02.500\nx\n"),
      "does not begin with WEBVTT", SPN_EFORMAT, NULL },
    { "vtt: a longer signature is none", "a.vtt", SIZED("WEBVTTx\n\n"),
      "does not begin with WEBVTT", SPN_EFORMAT, NULL },
    { "vtt: without a cue it is empty", "a.vtt", SIZED("WEBVTT"), HEAD, SPN_OK, NULL },

    /* SubStation */
    { "ass: style, override, line ends and a comment", "a.ass",
      SIZED(STYLES EVENTS LINE(
          "Top",
          "a{\\i1}b{comment}{\\i0}\\Nc\\hd") "Comment: 0,0:00:01.00,0:00:02.50,Top,,0,0,0,,no\n"),
      HEAD AT " line:0\n<c.yellow><b>a<i>b</i>\nc\xC2\xA0"
              "d</b></c>\n\n",
      SPN_OK, NULL },
    { "ass: an override of place, and back to the style", "a.ass",
      SIZED(STYLES EVENTS LINE("Default", "{\\an7\\b1}a{\\r}b")),
      HEAD AT " line:0 align:left\n<b>a</b>b\n\n", SPN_OK, NULL },
    { "ass: commas in the text stay", "a.ass", SIZED(STYLES EVENTS LINE("Default", "a, b, c")),
      HEAD AT "\na, b, c\n\n", SPN_OK, NULL },
    { "ass: drawings are left out", "a.ass",
      SIZED(STYLES EVENTS LINE("Default", "{\\p1}m 0 0 l 1 1{\\p0}") LINE("Default", "x")),
      HEAD AT "\nx\n\n", SPN_OK, "1 drawings" },
    { "ass: two layers of one text are one cue", "a.ass",
      SIZED(STYLES EVENTS LINE("Default", "x") LINE("Default", "{\\bord3}x")), HEAD AT "\nx\n\n",
      SPN_OK, "same" },
    { "ass: coordinates are noted", "a.ass", SIZED(STYLES EVENTS LINE("Default", "{\\pos(1,2)}x")),
      HEAD AT "\nx\n\n", SPN_OK, "places" },
    { "ssa: alignment of version 4", "a.ssa",
      SIZED("[Script Info]\n[V4 Styles]\nFormat: Name, Alignment\nStyle: x,6\n" EVENTS LINE("*x",
                                                                                            "a")),
      HEAD AT " line:0\na\n\n", SPN_OK, NULL },
    { "ass: a time that is none is named by its line", "a.ass",
      SIZED("[Events]\nFormat: Start, End, Text\nDialogue: 0:00:01,x,a\n"), "line 3 of a.ass",
      SPN_EFORMAT, NULL },
    { "ass: too few fields are named by their line", "a.ass",
      SIZED("[Events]\nFormat: Start, End, Text\nDialogue: 0:00:01.00\n"),
      "line 3 of a.ass has 1 fields, not 3", SPN_EFORMAT, NULL },
    { "ass: a cue before its format is refused", "a.ass", SIZED("[Events]\nDialogue: 0,0,0\n"),
      "Format line", SPN_EFORMAT, NULL },

    /* TTML */
    { "ttml: times of every kind", "a.ttml",
      SIZED(TT " ttp:frameRate='25' ttp:tickRate='1000'><body><div>"
               "<p begin='1s' end='2.5s'>a</p><p begin='00:00:03' end='00:00:03.5'>b</p>"
               "<p begin='00:00:04:00' end='00:00:04:12'>c</p><p begin='5000t' dur='500ms'>d</p>"
               "<p begin='0.1m' end='175f'>e</p></div></body></tt>"),
      HEAD AT "\na\n\n00:00:03.000 --> 00:00:03.500\nb\n\n00:00:04.000 --> 00:00:04.480\nc\n\n"
              "00:00:05.000 --> 00:00:05.500\nd\n\n00:00:06.000 --> 00:00:07.000\ne\n\n",
      SPN_OK, NULL },
    { "ttml: time code that drops numbers", "a.ttml",
      SIZED(TT " ttp:timeBase='smpte' ttp:frameRate='30' ttp:frameRateMultiplier='1000 1001' "
               "ttp:dropMode='dropNTSC'>"
               "<body><div><p begin='00:10:00:00' end='01:00:00:00'>a</p></div></body></tt>"),
      HEAD "00:09:59.999 --> 00:59:59.996\na\n\n", SPN_OK, NULL },
    { "ttml: containers in sequence and in parallel", "a.ttml",
      SIZED(TT "><body begin='1s'><div timeContainer='seq'><p dur='1.5s'>a</p><p "
               "dur='1s'>b</p></div></body></tt>"),
      HEAD AT "\na\n\n00:00:02.500 --> 00:00:03.500\nb\n\n", SPN_OK, NULL },
    { "ttml: parts that come and go make cues of their own", "a.ttml",
      SIZED(
          TT
          "><body><div><p begin='1s' end='4s'>a<span begin='1.5s'>b</span></p></div></body></tt>"),
      HEAD AT "\na\n\n00:00:02.500 --> 00:00:04.000\nab\n\n", SPN_OK, NULL },
    { "ttml: styles by reference, inherited, of a region above", "a.ttml",
      SIZED(TT "><head><styling><style xml:id='i' tts:fontStyle='italic'/><style xml:id='y' "
               "style='i' tts:color='#FFFF00FF'/></styling>"
               "<layout><region xml:id='top' tts:origin='10% 5%' tts:extent='80% 20%' "
               "tts:displayAlign='before'/></layout></head>"
               "<body style='y'><div region='top'><p begin='1s' end='2.5s'>a<br/>b <span "
               "tts:fontWeight='bold'>c</span></p></div></body></tt>"),
      HEAD AT " line:0\n<c.yellow><i>a\nb</i> <b><i>c</i></b></c>\n\n", SPN_OK, NULL },
    { "ttml: white space", "a.ttml",
      SIZED(TT "><body><div><p begin='1s' end='2.5s'>\n  a\n  b  </p><p begin='3s' end='4s' "
               "xml:space='preserve'>c\nd</p></div></body></tt>"),
      HEAD AT "\na b\n\n00:00:03.000 --> 00:00:04.000\nc\nd\n\n", SPN_OK, NULL },
    { "ttml: what is not displayed is left out", "a.ttml",
      SIZED(TT "><body><div><p begin='1s' end='2.5s'>a<span "
               "tts:display='none'>b</span></p></div></body></tt>"),
      HEAD AT "\na\n\n", SPN_OK, NULL },
    { "ttml: a time that is none is named by its line", "a.ttml",
      SIZED(TT ">\n<body><div>\n<p begin='soon'>a</p></div></body></tt>"), "line 3 of a.ttml",
      SPN_EFORMAT, NULL },
    { "ttml: broken XML is named by its line", "a.ttml", SIZED(TT ">\n<body>\n</div></tt>"),
      "line 3 of a.ttml is not XML", SPN_EFORMAT, NULL },
    { "ttml: an entity of its own is not read", "a.ttml",
      SIZED("<!DOCTYPE tt [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>\n" TT
            "><body><div><p begin='1s' end='2.5s'>a&x;b</p></div></body></tt>"),
      HEAD AT "\nab\n\n", SPN_OK, NULL },
    { "ttml: entities that multiply are refused or left out", "a.ttml",
      SIZED("<!DOCTYPE tt [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>]>" TT
            "><body><div><p begin='1s' end='2.5s'>x&b;</p></div></body></tt>"),
      HEAD AT "\nx\n\n", SPN_OK, NULL },
    { "ttml: pictures are refused", "a.ttml",
      SIZED(TT "><body><div begin='1s' end='2s'><image src='x.png'/></div></body></tt>"),
      "pictures", SPN_EUNSUPPORTED, NULL },
    { "ttml: clock time is refused", "a.ttml", SIZED(TT " ttp:timeBase='clock'><body/></tt>"),
      "clock", SPN_EUNSUPPORTED, NULL },
    { "XML that is not TTML is refused", "a.xml", SIZED("<rss/>"), "not TTML", SPN_EUNSUPPORTED,
      NULL },

    /* others */
    { "SAMI is refused by name", "a.smi", SIZED("<SAMI><BODY></BODY></SAMI>"), "SAMI",
      SPN_EUNSUPPORTED, NULL },
    { "Scenarist is refused by name", "a.scc", SIZED("Scenarist_SCC V1.0\n"), "Scenarist",
      SPN_EUNSUPPORTED, NULL },
    { "MicroDVD is refused by name", "a.sub", SIZED("{1}{25}hello\n"), "MicroDVD", SPN_EUNSUPPORTED,
      NULL },
};

static int convert(const char *name, const void *bytes, size_t size, struct text_notes *notes,
                   struct spn_buffer *out, struct spn_error *err)
{
    struct cues cues = { 0 };
    char *exact = malloc(size ? size : 1);
    int ret;

    memcpy(exact, bytes, size);
    ret = text_read(exact, size, name, &cues, notes, err);
    if (ret == SPN_OK)
        ret = cues_write_vtt(&cues, notes, out, err);
    cues_finish(&cues);
    free(exact);
    return ret;
}

static void reading(void **state)
{
    const struct row *row = *state;
    struct text_notes notes = { .count = 0 };
    struct spn_buffer out = { 0 };
    struct spn_error err = { 0 };
    struct spn_cues cues;
    int found = !row->note;

    assert_int_equal(convert(row->file, row->bytes, row->size, &notes, &out, &err), row->code);
    if (row->code == SPN_OK) {
        assert_string_equal(spn_buffer_text(&out), row->want);
        assert_int_equal(spn_cues_read(out.data, out.size, row->file, &cues, &err), SPN_OK);
        spn_cues_finish(&cues);
    } else if (!strstr(err.text, row->want)) {
        fail_msg("%s", err.text);
    }
    for (size_t i = 0; i < notes.count; i++)
        found |= row->note && strstr(notes.note[i], row->note);
    if (!found)
        fail_msg("no note says %s", row->note);
    spn_buffer_finish(&out);
}

/* What text that is kept once becomes when it is read again: itself. */
static void again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct text_notes notes = { .count = 0 };
        struct spn_buffer out = { 0 };

        if (rows[i].code != SPN_OK)
            continue;
        assert_int_equal(convert("x.vtt", rows[i].want, strlen(rows[i].want), &notes, &out, NULL),
                         SPN_OK);
        assert_string_equal(spn_buffer_text(&out), rows[i].want);
        spn_buffer_finish(&out);
    }
}

static void embedded(void **state)
{
    static const char header[] = STYLES EVENTS;
    struct cues cues = { 0 };
    struct spn_buffer out = { 0 };
    struct spn_error err;

    (void)state;
    assert_int_equal(cues_add_ass_header(&cues, SIZED(header), &err), SPN_OK);
    assert_int_equal(cues_add_ass(&cues, 1000, 2500, SIZED("3,0,Top,,0,0,0,,a, {\\i1}b"), 8, &err),
                     SPN_OK);
    assert_int_equal(cues_add_ass(&cues, 3000, 4000, SIZED("4,0,None,,0,0,0,,c"), 8, &err), SPN_OK);
    assert_int_equal(cues_add_plain(&cues, 5000, 6000, SIZED("<d>\r\n\r\ne"), &err), SPN_OK);
    assert_int_equal(cues_add_vtt(&cues, 7000, 8000, "line:0 bad:1", SIZED("<i>f"), &err), SPN_OK);
    assert_int_equal(cues_add_ass(&cues, 0, 1, SIZED("0,0,Top"), 8, &err), SPN_EFORMAT);
    assert_int_equal(cues_write_vtt(&cues, NULL, &out, &err), SPN_OK);
    assert_string_equal(spn_buffer_text(&out),
                        HEAD AT " line:0\n<c.yellow><b>a, <i>b</i></b></c>\n\n"
                                "00:00:03.000 --> 00:00:04.000\nc\n\n"
                                "00:00:05.000 --> 00:00:06.000\n&lt;d&gt;\ne\n\n"
                                "00:00:07.000 --> 00:00:08.000 line:0\n<i>f</i>\n\n");
    spn_buffer_finish(&out);
    cues_finish(&cues);
}

static void limits(void **state)
{
    struct spn_buffer file = { 0 }, out = { 0 };
    struct text_notes notes = { .count = 0 };

    (void)state;
    spn_buffer_string(&file, SRT);
    for (unsigned i = 0; i <= TEXT_CUE_MAX; i++)
        spn_buffer_u8(&file, 'x');
    assert_int_equal(convert("a.srt", file.data, file.size, &notes, &out, NULL), SPN_ELIMIT);
    file.size = 0;
    spn_buffer_zero(&file, TEXT_BYTES_MAX + 1);
    assert_int_equal(convert("a.srt", file.data, file.size, &notes, &out, NULL), SPN_ELIMIT);
    file.size = 0;
    for (unsigned i = 0; i <= SPN_CUES_MAX; i++)
        spn_buffer_string(&file, "0:01.0 --> 0:02.0\nx\n");
    assert_int_equal(convert("a.srt", file.data, file.size, &notes, &out, NULL), SPN_ELIMIT);
    file.size = 0;
    spn_buffer_string(&file, TT "><body>");
    for (unsigned i = 0; i < 100; i++)
        spn_buffer_string(&file, "<div>");
    for (unsigned i = 0; i < 100; i++)
        spn_buffer_string(&file, "</div>");
    spn_buffer_string(&file, "</body></tt>");
    assert_int_equal(convert("a.ttml", file.data, file.size, &notes, &out, NULL), SPN_ELIMIT);
    spn_buffer_finish(&file);
    spn_buffer_finish(&out);
}

int main(void)
{
    static struct rows tests;

    rows_add_table(&tests, rows, reading);
    rows_add(&tests, "what is kept reads again as itself", again, NULL);
    rows_add(&tests, "text inside a film is added cue by cue", embedded, NULL);
    rows_add(&tests, "what is larger than its limit is refused", limits, NULL);
    return rows_run(&tests, "text");
}
