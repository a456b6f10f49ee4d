/* buffer_test.c - bytes that grow, fixed-width numbers, and a reader that stays inside. */
#include "rows.h"

#include "sampan/buffer.h"
#include "sampan/bytes.h"

static void grows(void **state)
{
    struct spn_buffer buffer = { 0 };

    (void)state;
    for (uint32_t i = 0; i < 100000; i++)
        spn_buffer_be32(&buffer, i);
    assert_false(spn_buffer_failed(&buffer));
    assert_int_equal(buffer.size, 400000);
    for (uint32_t i = 0; i < 100000; i++)
        assert_int_equal(spn_be32(buffer.data + 4 * i), i);
    spn_buffer_finish(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.size, 0);
}

static void every_width(void **state)
{
    static const uint8_t want[] = { 1,  2,  3,  4,  5,  6, 7,   8,   9,   10,  11, 12, 13,
                                    14, 15, 16, 17, 18, 4, 3,   2,   1,   8,   7,  6,  5,
                                    4,  3,  2,  1,  0,  0, '4', '2', 'a', '-', '7' };
    struct spn_buffer buffer = { 0 };

    (void)state;
    spn_buffer_u8(&buffer, 0x01);
    spn_buffer_be16(&buffer, 0x0203);
    spn_buffer_be24(&buffer, 0x040506);
    spn_buffer_be32(&buffer, 0x0708090A);
    spn_buffer_be64(&buffer, 0x0B0C0D0E0F101112);
    spn_buffer_le32(&buffer, 0x01020304);
    spn_buffer_le64(&buffer, 0x0102030405060708);
    spn_buffer_zero(&buffer, 2);
    spn_buffer_number(&buffer, 42);
    spn_buffer_string(&buffer, "a");
    spn_buffer_format(&buffer, "%d", -7);
    assert_int_equal(buffer.size, sizeof(want));
    assert_memory_equal(buffer.data, want, sizeof(want));
    spn_buffer_finish(&buffer);
}

static void numbers(void **state)
{
    struct spn_buffer buffer = { 0 };

    (void)state;
    spn_buffer_number(&buffer, 0);
    spn_buffer_u8(&buffer, ' ');
    spn_buffer_number(&buffer, UINT64_MAX);
    assert_string_equal(spn_buffer_text(&buffer), "0 18446744073709551615");
    assert_int_equal(buffer.size, 22);
    spn_buffer_finish(&buffer);
}

static void failure_stays(void **state)
{
    struct spn_buffer buffer = { 0 };

    (void)state;
    spn_buffer_string(&buffer, "kept");
    assert_null(spn_buffer_reserve(&buffer, SIZE_MAX));
    spn_buffer_string(&buffer, "lost");
    assert_true(spn_buffer_failed(&buffer));
    assert_int_equal(buffer.size, 4);
    assert_null(spn_buffer_text(&buffer));
    spn_buffer_finish(&buffer);
}

static void reader_reads(void **state)
{
    uint8_t bytes[8 + 8 + 4 + 4 + 3 + 2 + 1];
    struct spn_reader reader = spn_reader_of(bytes, sizeof(bytes));

    (void)state;
    spn_put_be64(bytes, 0x0102030405060708);
    spn_put_le64(bytes + 8, 0x1112131415161718);
    spn_put_be32(bytes + 16, 0x21222324);
    spn_put_le32(bytes + 20, 0x31323334);
    spn_put_be32(bytes + 23, 0x34414243); /* the last byte of the one before, then three */
    spn_put_be16(bytes + 27, 0x5152);
    bytes[29] = 0x61;
    spn_put_le32(bytes + 20, 0x31323334);
    assert_int_equal(spn_reader_be64(&reader), 0x0102030405060708);
    assert_int_equal(spn_reader_le64(&reader), 0x1112131415161718);
    assert_int_equal(spn_reader_be32(&reader), 0x21222324);
    assert_int_equal(spn_reader_le32(&reader), 0x31323334);
    assert_int_equal(spn_reader_be24(&reader), 0x414243);
    assert_int_equal(spn_reader_be16(&reader), 0x5152);
    assert_int_equal(spn_reader_u8(&reader), 0x61);
    assert_int_equal(spn_reader_left(&reader), 0);
    assert_false(reader.failed);
}

static void reader_stops(void **state)
{
    static const uint8_t bytes[3] = { 1, 2, 3 };
    struct spn_reader reader = spn_reader_of(bytes, sizeof(bytes));

    (void)state;
    assert_int_equal(spn_reader_be32(&reader), 0);
    assert_true(reader.failed);
    assert_int_equal(spn_reader_left(&reader), 0);
    assert_int_equal(spn_reader_u8(&reader), 0);
    assert_null(spn_reader_take(&reader, 0));
}

static void reader_huge(void **state)
{
    static const uint8_t bytes[3] = { 1, 2, 3 };
    struct spn_reader reader = spn_reader_of(bytes, sizeof(bytes));

    (void)state;
    assert_null(spn_reader_take(&reader, SIZE_MAX));
    assert_true(reader.failed);
}

static void reader_nothing(void **state)
{
    struct spn_reader reader = spn_reader_of(NULL, 0);

    (void)state;
    assert_int_equal(spn_reader_left(&reader), 0);
    assert_false(reader.failed);
    assert_int_equal(spn_reader_u8(&reader), 0);
    assert_true(reader.failed);
}

int main(void)
{
    static struct rows rows;

    rows_add(&rows, "a buffer keeps what was appended while it grows", grows, NULL);
    rows_add(&rows, "every width is written in its order", every_width, NULL);
    rows_add(&rows, "numbers are written in full", numbers, NULL);
    rows_add(&rows, "after a failure nothing more is appended", failure_stays, NULL);
    rows_add(&rows, "a reader reads every width", reader_reads, NULL);
    rows_add(&rows, "a reader fails at the end and stays there", reader_stops, NULL);
    rows_add(&rows, "a reader is not led past its bytes by a huge size", reader_huge, NULL);
    rows_add(&rows, "a reader of nothing is at its end", reader_nothing, NULL);
    return rows_run(&rows, "buffer");
}
