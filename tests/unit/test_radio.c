/* test_radio.c — music over plain HTTP, taken apart by the load generator: where frames and pages begin and
 * end, also when it comes in pieces, from the middle, or is no music at all. */
#include "cmocka_c.h"

#include "load/radio.h"

#include <string.h>

enum { FRAME = 288 }; /* bytes of 24 ms at 96 kbit/s and 48,000 Hz */

/* Frames without padding, filled with what is no head. */
static size_t put_frames(unsigned char *out, int count) {
    for (int i = 0; i < count; i++) {
        memset(out + i * FRAME, 0x55, FRAME);
        memcpy(out + i * FRAME, "\xff\xfb\x74\x44", 4);
    }
    return (size_t)count * FRAME;
}

static void frames_are_measured(void **state) {
    unsigned char bytes[2 * FRAME];
    struct radio_part part;
    (void)state;
    put_frames(bytes, 2);
    assert_int_equal(radio_next_frame(bytes, sizeof bytes, &part), 1);
    assert_int_equal(part.size, FRAME);
    assert_int_equal(part.frames, 1152);
    assert_int_equal(part.rate, 48000);
    assert_int_equal(radio_next_frame(bytes, FRAME - 1, &part), 0);
    assert_int_equal(radio_next_frame(bytes, 3, &part), 0);
    assert_int_equal(radio_next_frame(bytes + 1, FRAME, &part), -1);
    bytes[2] |= 2; /* padded */
    assert_int_equal(radio_next_frame(bytes, sizeof bytes, &part), 1);
    assert_int_equal(part.size, FRAME + 1);
}

/* Wherever a relay cuts in, and however little is there: the first frame is one that another follows. */
static void the_first_frame_is_found(void **state) {
    unsigned char bytes[4 * FRAME];
    (void)state;
    put_frames(bytes, 4);
    for (size_t from = 0; from <= FRAME; from++) {
        size_t skip = from ? FRAME - from : 0, enough = skip + FRAME + 4;
        for (size_t n = 0; n <= sizeof bytes - from; n++)
            assert_int_equal(radio_first_frame(bytes + from, n), n >= enough ? (long)skip : -1);
    }
}

/* What looks like a head in the middle of a frame is passed over, since no frame follows it. */
static void a_false_head_is_passed_over(void **state) {
    unsigned char bytes[4 * FRAME];
    (void)state;
    put_frames(bytes, 4);
    memcpy(bytes + 100, "\xff\xfb\x74\x44", 4);
    assert_int_equal(radio_first_frame(bytes + 50, sizeof bytes - 50), FRAME - 50);
}

static void noise_is_no_music(void **state) {
    unsigned char bytes[3000];
    (void)state;
    memset(bytes, 0x55, sizeof bytes);
    assert_int_equal(radio_first_frame(bytes, 1441), -1);
    assert_int_equal(radio_first_frame(bytes, 1441 + 4), -2);
    assert_int_equal(radio_first_frame(bytes, sizeof bytes), -2);
}

static void pages_are_measured(void **state) {
    unsigned char page[27 + 2 + 300] = "OggS";
    struct radio_part part;
    (void)state;
    page[6] = 0xc0, page[7] = 0x12; /* granule position 4,800 */
    page[18] = 7;
    page[26] = 2, page[27] = 255, page[28] = 45;
    assert_int_equal(radio_next_page(page, sizeof page, &part), 1);
    assert_int_equal(part.size, sizeof page);
    assert_int_equal(part.sequence, 7);
    assert_int_equal(part.end, 4800);
    assert_int_equal(radio_next_page(page, sizeof page - 1, &part), 0);
    assert_int_equal(radio_next_page(page, 28, &part), 0);
    page[4] = 1; /* of another version */
    assert_int_equal(radio_next_page(page, sizeof page, &part), -1);
}

static void answers_have_an_end(void **state) {
    static const char ANSWER[] = "HTTP/1.0 503 Busy\r\nRetry-After: 5\r\n\r\nmore";
    int status = 0;
    size_t length = 0;
    (void)state;
    for (size_t n = 0; n < sizeof ANSWER - 5; n++) assert_false(radio_answer(ANSWER, n, &status, &length));
    assert_true(radio_answer(ANSWER, sizeof ANSWER - 1, &status, &length));
    assert_int_equal(status, 503);
    assert_int_equal(length, sizeof ANSWER - 5);
    assert_true(radio_answer("ICY 200 OK\r\n\r\n", 14, &status, &length));
    assert_int_equal(status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_measured),         cmocka_unit_test(the_first_frame_is_found),
        cmocka_unit_test(a_false_head_is_passed_over), cmocka_unit_test(noise_is_no_music),
        cmocka_unit_test(pages_are_measured),          cmocka_unit_test(answers_have_an_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
