/* SPDX-License-Identifier: MIT */
/* Characters as key strokes: the table against the kernel's names, and the order of events. */
#include <linux/input.h>
#include <unistd.h>

#include "support/support.h"

#include "live/text_out_kind.h"

static void assert_key(char character, int code, bool shift)
{
    const struct text_key key = text_key_of(character);
    if (key.code != code || key.shift != shift)
        fail_msg("'%c': %d%s", character, key.code, key.shift ? " with Shift" : "");
}

static void characters_have_their_keys(void **state)
{
    (void)state;
    static const int letters[26] = {KEY_A, KEY_B, KEY_C, KEY_D, KEY_E, KEY_F, KEY_G, KEY_H, KEY_I,
                                    KEY_J, KEY_K, KEY_L, KEY_M, KEY_N, KEY_O, KEY_P, KEY_Q, KEY_R,
                                    KEY_S, KEY_T, KEY_U, KEY_V, KEY_W, KEY_X, KEY_Y, KEY_Z};
    for (int i = 0; i < 26; i++) {
        assert_key((char)('a' + i), letters[i], false);
        assert_key((char)('A' + i), letters[i], true);
    }
    assert_key(' ', KEY_SPACE, false);
    assert_key('\b', KEY_BACKSPACE, false);
    assert_key('\n', KEY_ENTER, false);
    assert_key('1', KEY_1, false);
    assert_key('0', KEY_0, false);
    assert_key('!', KEY_1, true);
    assert_key('-', KEY_MINUS, false);
    assert_key('+', KEY_EQUAL, true);
    assert_key('\'', KEY_APOSTROPHE, false);
    assert_key('`', KEY_GRAVE, false);
    assert_key('\\', KEY_BACKSLASH, false);
    assert_key('|', KEY_BACKSLASH, true);
    assert_key('[', KEY_LEFTBRACE, false);
    assert_key(';', KEY_SEMICOLON, false);
    assert_key('?', KEY_SLASH, true);
    for (int other = 128; other < 256; other++)
        assert_key((char)other, 0, false);
    assert_key('\0', 0, false);
    assert_key('\t', 0, false);
}

static void all_printable_characters_have_one(void **state)
{
    (void)state;
    for (char character = ' '; character < 127; character++) {
        const struct text_key key = text_key_of(character);
        assert_true(key.code > 0 && key.code <= KEY_SPACE);
        for (char other = ' '; other < character; other++) {
            const struct text_key second = text_key_of(other);
            assert_false(second.code == key.code && second.shift == key.shift);
        }
    }
}

static void shift_is_held_around_a_capital(void **state)
{
    (void)state;
    static const int expected[][3] = {
        {EV_KEY, KEY_LEFTSHIFT, 1}, {EV_KEY, KEY_A, 1},      {EV_SYN, SYN_REPORT, 0},
        {EV_KEY, KEY_A, 0},         {EV_SYN, SYN_REPORT, 0}, {EV_KEY, KEY_LEFTSHIFT, 0},
        {EV_SYN, SYN_REPORT, 0},    {EV_KEY, KEY_SPACE, 1},  {EV_SYN, SYN_REPORT, 0},
        {EV_KEY, KEY_SPACE, 0},     {EV_SYN, SYN_REPORT, 0},
    };
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_true(text_key_strike(ends[1], text_key_of('A')));
    assert_true(text_key_strike(ends[1], text_key_of(' ')));
    close(ends[1]);
    struct input_event event;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_int_equal(read(ends[0], &event, sizeof event), sizeof event);
        assert_int_equal(event.type, expected[i][0]);
        assert_int_equal(event.code, expected[i][1]);
        assert_int_equal(event.value, expected[i][2]);
    }
    assert_int_equal(read(ends[0], &event, sizeof event), 0);
    close(ends[0]);
    assert_false(text_key_strike(-1, text_key_of('A')));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_have_their_keys),
        cmocka_unit_test(all_printable_characters_have_one),
        cmocka_unit_test(shift_is_held_around_a_capital),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
