/* The parts of the CLI that need no instance: nginx's configuration, tables, the table of commands.
 */
#include <locale.h>
#include <stdio.h>

#include "command.h"
#include "nginx_conf.h"
#include "output.h"
#include "rows.h"

/* ---- the configuration of nginx ---- */

static const struct conf_row {
    const char *name, *data, *listen, *certificate;
    int ipv6, want;
    const char *has, *has_not;
} conf_rows[] = {
    { "localhost is both of its addresses", "/d", "localhost", "", 1, SPN_OK,
      "listen 127.0.0.1:8080;\n        listen [::1]:8080;", "ssl" },
    { "without IPv6 localhost is one address", "/d", "localhost", "", 0, SPN_OK,
      "listen 127.0.0.1:8080;", "[::1]" },
    { "a star is every address", "/d", "*", "", 1, SPN_OK,
      "listen 0.0.0.0:8080;\n        listen [::]:8080;", "127.0.0.1:" },
    { "an address of IPv6 is put in brackets", "/d", "fe80::1", "", 1, SPN_OK,
      "listen [fe80::1]:8080;", "127.0.0.1:" },
    { "a name is no address", "/d", "example.org", "", 1, SPN_EINVAL, "", NULL },
    { "an address cannot end its line", "/d", "1.2.3.4; }", "", 1, SPN_EINVAL, "", NULL },
    { "with a certificate the port speaks TLS", "/d", "localhost", "/c.pem", 0, SPN_OK,
      "listen 127.0.0.1:8080 ssl http2;", NULL },
    { "a path may have blanks", "/a b", "localhost", "", 0, SPN_OK, "sampan \"/a b\";", NULL },
    { "a path with a quote cannot be told", "/a\"b", "localhost", "", 0, SPN_EINVAL, "", NULL },
    { "a path with a dollar cannot be told", "/a$b", "localhost", "", 0, SPN_EINVAL, "", NULL },
    { "a path with a backslash cannot be told", "/a\\b", "localhost", "", 0, SPN_EINVAL, "", NULL },
    { "uploads go through as they come", "/d", "localhost", "", 0, SPN_OK,
      "proxy_request_buffering off;", NULL },
    { "any size may be uploaded", "/d", "localhost", "", 0, SPN_OK, "client_max_body_size 0;",
      NULL },
    { "the log has the request's number as control gets it", "/d", "localhost", "", 0, SPN_OK,
      "proxy_set_header X-Request-Id $request_id;", NULL },
    { "the request's number is answered once", "/d", "localhost", "", 0, SPN_OK,
      "proxy_hide_header X-Request-Id;", NULL },
    { "what control says to send is where it lies", "/a b", "localhost", "", 0, SPN_OK,
      "location /.files/flat/ {\n            internal;\n            alias \"/a b/flat/\";", NULL },
    { "control is told that it may say so", "/d", "localhost", "", 0, SPN_OK,
      "proxy_set_header X-Sampan-Files /.files/;", NULL },
    { "the metrics are not for what another proxy passes on", "/d", "localhost", "", 0, SPN_OK,
      "if ($passed_on != \"\") {", NULL },
};

static void conf_is_made(void **state)
{
    const struct conf_row *row = *state;
    struct nginx_places places = { .module = "/m.so", .ipv6 = row->ipv6, .files = 1024 };
    struct settings settings;
    struct spn_buffer out = { 0 };
    struct spn_error err = { 0 };

    settings_defaults(&settings, row->data, NULL, 0);
    strcpy(settings.listen, row->listen);
    strcpy(settings.tls_certificate, row->certificate);
    strcpy(settings.tls_key, row->certificate);
    assert_int_equal(nginx_conf_make(&settings, &places, &out, &err), row->want);
    if (row->want == SPN_OK) {
        assert_non_null(strstr(spn_buffer_text(&out), row->has));
        assert_true(!row->has_not || !strstr(spn_buffer_text(&out), row->has_not));
    } else {
        assert_true(err.text[0]);
    }
    spn_buffer_finish(&out);
}

/* ---- cells and widths ---- */

static const struct cell_row {
    const char *name, *row, *member, *want;
    size_t width;
} cell_rows[] = {
    { "a text is itself", "{\"a\":\"film\"}", "a", "film", 4 },
    { "a number is written out", "{\"a\":-12}", "a", "-12", 3 },
    { "a member of a member is found", "{\"a\":{\"b\":7}}", "a.b", "7", 1 },
    { "what is not there is empty", "{}", "a.b", "", 0 },
    { "nothing is empty", "{\"a\":null}", "a", "", 0 },
    { "of a name in languages the first is shown", "{\"a\":{\"zh\":\"\xe7\x94\xb5\xe5\xbd\xb1\"}}",
      "a", "\xe7\x94\xb5\xe5\xbd\xb1", 4 },
    { "what would move the cursor is a blank", "{\"a\":\"x\\u001b[2Jy\\n\"}", "a", "x [2Jy ", 7 },
};

static void cell_is_made(void **state)
{
    const struct cell_row *row = *state;
    json_t *object = json_loads(row->row, 0, NULL);
    char cell[64];

    output_cell(object, row->member, cell, sizeof(cell));
    assert_string_equal(cell, row->want);
    assert_int_equal(output_width(cell), row->width);
    json_decref(object);
}

/* ---- what an ingest is called ---- */

static const struct title_row {
    const char *name, *titles[3], *want; /* want NULL: refused */
} title_rows[] = {
    { "a name alone is the title", { "Mist" }, "{\"title\":\"Mist\"}" },
    { "a title that exists is named by its id",
      { "title_0123456789abcdefghjkmnpqrs" },
      "{\"title\":\"title_0123456789abcdefghjkmnpqrs\"}" },
    { "names may be given in many languages",
      { "zh-Hans=\xe8\xb5\xb7\xe9\x9b\xbe", "en=Mist", "es-419=Niebla" },
      "{\"names\":{\"en\":\"Mist\",\"es-419\":\"Niebla\",\"zh-Hans\":\"\xe8\xb5\xb7\xe9\x9b\xbe\"}"
      "}" },
    { "a name without a language may stand beside others",
      { "Mist", "fr=Brume" },
      "{\"names\":{\"fr\":\"Brume\",\"und\":\"Mist\"}}" },
    { "what is no language before the sign is part of the name",
      { "E=mc2" },
      "{\"title\":\"E=mc2\"}" },
    { "a name that looks like a language can be said",
      { "und=up=down" },
      "{\"names\":{\"und\":\"up=down\"}}" },
    { "a language is named once", { "en=Mist", "en=Fog" }, NULL },
    { "two plain names are one too many", { "Mist", "Fog" }, NULL },
    { "a name is UTF-8", { "en=\xff" }, NULL },
};

static void titles_are_read(void **state)
{
    static const struct option title = { "title", "TEXT", "" };
    const struct title_row *row = *state;
    struct typed_option options[3];
    struct typed typed = { .options = options };
    json_t *request = json_object();
    char *text;
    int ret;

    while (typed.option_count < 3 && row->titles[typed.option_count]) {
        options[typed.option_count].option = &title;
        options[typed.option_count].value = row->titles[typed.option_count];
        typed.option_count++;
    }
    ret = ingest_titles(&typed, request, NULL);
    assert_int_equal(ret, row->want ? SPN_OK : SPN_EINVAL);
    text = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, row->want ? row->want : "{}");
    free(text);
    json_decref(request);
}

/* ---- the table of commands ---- */

static void every_command_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        const struct command *command = &commands[i];
        size_t length = strlen(command->summary);

        assert_ptr_equal(command_find(command->name), command);
        assert_true(length > 10 && command->summary[length - 1] == '.');
        assert_true(command->run && command->least <= command->most);
        assert_int_equal(command->arguments[0] != 0, command->most > 0);
        for (const struct option *option = command->options; option && option->name; option++)
            if (command->programs)
                assert_null(settings_find(option->name, strlen(option->name)));
    }
    assert_null(command_find("dance"));
}

static void things_are_known_by_their_names(void **state)
{
    const char *kind;
    char id[SPN_ID_MAX];

    (void)state;
    spn_id_make("title", id);
    assert_int_equal(session_kind(id, &kind, NULL), SPN_OK);
    assert_string_equal(kind, "titles");
    id[10] = '.';
    assert_int_equal(session_kind(id, &kind, NULL), SPN_EINVAL);
    assert_int_equal(
        session_kind("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", &kind,
                     NULL),
        SPN_OK);
    assert_string_equal(kind, "assets");
    assert_int_equal(session_kind("../../x", &kind, NULL), SPN_EINVAL);
}

int main(void)
{
    struct rows rows = { 0 };

    (void)setlocale(LC_CTYPE, "C.UTF-8");
    rows_add_table(&rows, conf_rows, conf_is_made);
    rows_add_table(&rows, cell_rows, cell_is_made);
    rows_add_table(&rows, title_rows, titles_are_read);
    rows_add(&rows, "every command is whole", every_command_is_whole, NULL);
    rows_add(&rows, "things are known by their names", things_are_known_by_their_names, NULL);
    return rows_run(&rows, "cli");
}
