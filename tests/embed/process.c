/* SPDX-License-Identifier: MIT */
/* What belongs to the whole process stays the host's: signals, working folder, environment, locale,
 * floating-point modes and the first three descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "embed/parts.h"
#include "embed/world.h"

extern char **environ;

/* --- Signals --- */

static pthread_t host_thread;
static atomic_int alarms, strays;

static void on_alarm(int number)
{
    (void)number;
    atomic_fetch_add(&alarms, 1);
    if (!pthread_equal(pthread_self(), host_thread))
        atomic_fetch_add(&strays, 1);
}

static void own_handler(int number)
{
    (void)number;
}

/* Handlers of all kinds, which must be there afterwards. SIGPIPE keeps its default, which ends the
 * process: nothing of the library may raise it. */
static void set_handlers(void)
{
    struct sigaction action = {.sa_handler = own_handler, .sa_flags = SA_NODEFER};
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGCHLD, &action, NULL);
    signal(SIGINT, SIG_IGN);
    action = (struct sigaction){.sa_handler = on_alarm}; /* no SA_RESTART: calls are interrupted */
    sigaction(SIGALRM, &action, NULL);
}

static uint64_t handlers_hash(void)
{
    uint64_t hash = WORLD_HASH;
    for (int number = 1; number < SIGRTMAX; number++) {
        struct sigaction action;
        memset(&action, 0, sizeof action);
        if (sigaction(number, NULL, &action) != 0)
            continue;
        hash = world_hash(hash, &action.sa_handler, sizeof action.sa_handler);
        hash = world_hash(hash, &action.sa_flags, sizeof action.sa_flags);
        for (int other = 1; other < SIGRTMAX; other++) {
            const int member = sigismember(&action.sa_mask, other);
            hash = world_hash(hash, &member, sizeof member);
        }
    }
    return hash;
}

static void require_mask(const sigset_t *expected)
{
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    for (int number = 1; number < SIGRTMAX; number++)
        REQUIRE(sigismember(&now, number) == sigismember(expected, number),
                "signal %d is blocked or not, unlike before", number);
}

void part_signals(void)
{
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    sigset_t mask;
    const world_result calm = world_work_well(2);
    host_thread = pthread_self();
    set_handlers();
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    sigaddset(&mask, SIGTERM);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    const uint64_t before = handlers_hash();
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 3; i++) {
        const world_result stormy = world_work_well(2);
        world_require_equal(&calm, &stormy, "under a storm of signals");
    }
    setitimer(ITIMER_REAL, &never, NULL);
    REQUIRE(handlers_hash() == before, "a signal's handler, flags or mask changed");
    require_mask(&mask);
    REQUIRE(atomic_load(&alarms) > 10, "only %d alarms", atomic_load(&alarms));
    REQUIRE(atomic_load(&strays) == 0, "%d of %d alarms came on the library's threads",
            atomic_load(&strays), atomic_load(&alarms));
    note("%d signals", atomic_load(&alarms));
}

/* --- Surroundings --- */

static uint64_t surroundings_hash(void)
{
    char folder[4096];
    const mode_t mask = umask(0);
    umask(mask);
    uint64_t hash = world_hash(WORLD_HASH, &mask, sizeof mask);
    REQUIRE(getcwd(folder, sizeof folder) != NULL, "no working folder");
    hash = world_hash(hash, folder, strlen(folder));
    for (char **at = environ; *at; at++)
        hash = world_hash(hash, *at, strlen(*at));
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        struct rlimit limit = {0, 0};
        getrlimit((__rlimit_resource_t)i, &limit);
        hash = world_hash(hash, &limit, sizeof limit);
    }
    return hash;
}

/* A data set opened by a relative path goes on when the host goes elsewhere. */
static void use_from_elsewhere(void)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *data = NULL, *packed = NULL;
    asl_image *image = NULL;
    CALL(asl_dataset_open(&data, "pictures", NULL, &err), &err);
    CALL(asl_dataset_open(&packed, "work.pack", NULL, &err), &err);
    REQUIRE((mkdir("elsewhere", 0777) == 0 || errno == EEXIST) && chdir("elsewhere") == 0,
            "cannot go to 'elsewhere'");
    for (int64_t i = 0; i < asl_dataset_count(data); i++) {
        CALL(asl_dataset_load_image(&image, data, i, &err), &err);
        asl_image_free(image);
        CALL(asl_dataset_load_image(&image, packed, i, &err), &err);
        asl_image_free(image);
    }
    asl_dataset_free(packed);
    asl_dataset_free(data);
    REQUIRE(chdir("..") == 0, "cannot go back");
}

void part_surroundings(void)
{
    const world_result first = world_work_well(1);
    umask(027);
    const uint64_t before = surroundings_hash();
    errno = ERANGE; /* left over from something else */
    const world_result second = world_work_well(2);
    world_require_equal(&first, &second, "a second time");
    use_from_elsewhere();
    REQUIRE(surroundings_hash() == before,
            "working folder, umask, environment or limits have changed");
}

void part_locale(void)
{
    const world_result plain = world_work_well(1);
    char number[16];
    if (!setlocale(LC_ALL, "comma"))
        skip("there is no locale 'comma' in LOCPATH; localedef could not make it");
    snprintf(number, sizeof number, "%.1f", 0.5);
    REQUIRE(strcmp(number, "0,5") == 0, "the locale writes '%s', no comma", number);
    const world_result comma = world_work_well(2);
    world_require_equal(&plain, &comma, "with a decimal comma");
    REQUIRE(strcmp(setlocale(LC_ALL, NULL), "comma") == 0, "the locale has changed");
    snprintf(number, sizeof number, "%.1f", 0.5);
    REQUIRE(strcmp(number, "0,5") == 0, "the locale now writes '%s'", number);
}

/* --- Floating point --- */

/* Modes and masks, not the flags that every operation raises. */
static unsigned control_word(void)
{
#if defined(__x86_64__)
    return _mm_getcsr() & ~0x3fu;
#else
    return 0;
#endif
}

static void require_modes(int rounding, unsigned control, const char *what)
{
    REQUIRE(fegetround() == rounding, "%s: the rounding mode has changed", what);
    REQUIRE(control_word() == control, "%s: the control word has changed from 0x%x to 0x%x", what,
            control, control_word());
}

static void work_in_modes(const char *what, const world_result *usual)
{
    const int rounding = fegetround();
    const unsigned control = control_word();
    const world_result one = world_work_well(1);
    require_modes(rounding, control, what);
    const world_result two = world_work_well(2);
    require_modes(rounding, control, what);
    world_require_equal(usual, &one, what);
    world_require_equal(usual, &two, what);
}

void part_floating(void)
{
    const world_result usual = world_work_well(2);
    fesetround(FE_UPWARD);
    work_in_modes("rounding upwards", &usual);
    fesetround(FE_TOWARDZERO);
    work_in_modes("rounding towards zero", &usual);
    fesetround(FE_TONEAREST);
#if defined(__x86_64__)
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040); /* flush to zero, denormals are zero */
    work_in_modes("without denormals", &usual);
    _mm_setcsr(before);
#endif
    feclearexcept(FE_ALL_EXCEPT);
    if (feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW) != -1) {
        work_in_modes("with traps", &usual);
        fedisableexcept(FE_ALL_EXCEPT);
    }
    const world_result again = world_work_well(2);
    world_require_equal(&usual, &again, "back in the usual modes");
}

/* A daemon's child: the library's files get the numbers 0, 1 and 2. */
void part_closed(void)
{
    const world_result before = world_work_well(2);
    for (int fd = 0; fd < 3; fd++)
        close(fd);
    const world_result after = world_work_well(2);
    world_require_equal(&before, &after, "without descriptors 0 to 2");
    for (int fd = 0; fd < 3; fd++)
        REQUIRE(fcntl(fd, F_GETFD) == -1 && errno == EBADF, "descriptor %d is left open", fd);
}
