/* SPDX-License-Identifier: MIT */
/* Text as key strokes of a virtual keyboard (uinput). See text_out.h. The keys are those of a US
 * keyboard; what they write is up to the layout that the desktop applies to them. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/uinput.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/cli.h"
#include "live/text_out_kind.h"

struct keyboard {
    int fd;
};

/* ---- Characters -> keys ---- */

struct text_key text_key_of(char character)
{
    /* Letters do not follow the alphabet in the table of codes, but the rows of the keyboard. */
    static const char rows[] = "1234567890-=\0\0qwertyuiop[]\0\0asdfghjkl;'`\0\\zxcvbnm,./";
    static const char shifted[] = "!@#$%^&*()_+\0\0QWERTYUIOP{}\0\0ASDFGHJKL:\"~\0|ZXCVBNM<>?";
    const struct text_key none = {0, false};
    if (character == ' ')
        return (struct text_key){KEY_SPACE, false};
    if (character == '\b')
        return (struct text_key){KEY_BACKSPACE, false};
    if (character == '\n')
        return (struct text_key){KEY_ENTER, false};
    if (!isgraph((unsigned char)character))
        return none;
    const char *plain = memchr(rows, character, sizeof rows - 1);
    if (plain)
        return (struct text_key){KEY_1 + (int)(plain - rows), false};
    const char *upper = memchr(shifted, character, sizeof shifted - 1);
    return upper ? (struct text_key){KEY_1 + (int)(upper - shifted), true} : none;
}

/* ---- The keyboard ---- */

static bool emit(int fd, int type, int code, int value)
{
    const struct input_event event = {
        .type = (uint16_t)type, .code = (uint16_t)code, .value = value};
    return write(fd, &event, sizeof event) == (ssize_t)sizeof event;
}

bool text_key_strike(int fd, struct text_key key)
{
    bool ok = true;
    for (int down = 1; down >= 0 && ok; down--) {
        /* Shift goes down before the key and up after it. */
        if (key.shift && down)
            ok = emit(fd, EV_KEY, KEY_LEFTSHIFT, 1);
        ok = ok && emit(fd, EV_KEY, key.code, down) && emit(fd, EV_SYN, SYN_REPORT, 0);
        if (key.shift && !down)
            ok = ok && emit(fd, EV_KEY, KEY_LEFTSHIFT, 0) && emit(fd, EV_SYN, SYN_REPORT, 0);
    }
    return ok;
}

static bool type_text(live_text *text, const char *utf8, size_t bytes, struct live_error *error)
{
    const struct keyboard *k = text->state;
    for (size_t i = 0; i < bytes; i++) {
        const struct text_key key = text_key_of(utf8[i]);
        if (key.code && !text_key_strike(k->fd, key))
            return text_fail(text, errno, error);
    }
    return true;
}

static bool type_erase(live_text *text, int32_t count, struct live_error *error)
{
    bool ok = true;
    for (int32_t i = 0; i < count && ok; i++)
        ok = type_text(text, "\b", 1, error);
    return ok;
}

static bool close_keys(live_text *text, bool ok, struct live_error *error)
{
    struct keyboard *k = text->state;
    (void)ok;
    (void)error;
    ioctl(k->fd, UI_DEV_DESTROY);
    close(k->fd);
    free(k);
    return true;
}

static const struct text_kind keys_kind = {
    .append = type_text, .erase = type_erase, .close = close_keys};

/* All keys that text_key_of() knows. */
static bool set_up(int fd)
{
    struct uinput_setup setup = {.id = {.bustype = BUS_VIRTUAL, .vendor = 0x1, .product = 0x1}};
    strcpy(setup.name, "asl fingerspelling");
    bool ok = ioctl(fd, UI_SET_EVBIT, EV_KEY) == 0 && ioctl(fd, UI_SET_KEYBIT, KEY_LEFTSHIFT) == 0;
    for (int character = 1; character < 128 && ok; character++) {
        const struct text_key key = text_key_of((char)character);
        ok = !key.code || ioctl(fd, UI_SET_KEYBIT, key.code) == 0;
    }
    return ok && ioctl(fd, UI_DEV_SETUP, &setup) == 0 && ioctl(fd, UI_DEV_CREATE) == 0;
}

bool text_open_keys(live_text *text, struct live_error *error)
{
    static const char device[] = "/dev/uinput";
    const int fd = open(device, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        const char *advice = errno == EACCES || errno == EPERM
                                 ? "; let your user write to it with a udev rule"
                             : errno == ENOENT || errno == ENODEV || errno == ENXIO
                                 ? "; load the kernel module: modprobe uinput"
                                 : "";
        return live_fail(error, CLI_NO_DEVICE, "cannot type with '%s': %s%s", device,
                         strerror(errno), advice);
    }
    if (!set_up(fd)) {
        const int problem = errno;
        close(fd);
        return live_fail(error, CLI_NO_DEVICE, "cannot make a keyboard with '%s': %s", device,
                         strerror(problem));
    }
    struct keyboard *k = cli_alloc(1, sizeof *k);
    k->fd = fd;
    text->kind = &keys_kind;
    text->state = k;
    /* Whoever has the focus gets the keys: only on request. */
    text->paused = true;
    return true;
}
