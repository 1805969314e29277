/* SPDX-License-Identifier: MIT */
/* A process that is killed at any file call of a save, just before, in the middle of, or just after
 * it: the run goes on from the checkpoint before or after, and ends with the same bits. */
#include "saves.h"

#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watch.h"

enum { BEFORE, DURING, AFTER, MOMENTS };
/* How a life ends, if not by death: there is no such call, it has no such moment. */
enum { NO_CALL, NO_MOMENT, FAILED, KILLED };

static int64_t deadly, calls; /* the call to be killed at; those so far */
static int32_t moment;

static void die(void)
{
    kill(getpid(), SIGKILL);
}

/* In the middle of a write; other calls have none. */
static void before(const watched *call)
{
    calls++;
    if (calls != deadly || moment == AFTER || (moment == DURING && call->kind != WATCH_WRITE))
        return;
    if (moment == DURING && pwrite(call->fd, call->data, call->size / 2, call->offset) < 0)
        _exit(FAILED);
    die();
}

static void after(const watched *call)
{
    (void)call;
    if (calls == deadly && moment == AFTER)
        die();
}

/* The life of the process that is to die: one batch and the save after it. */
static _Noreturn void live(const fixture *f, bool links)
{
    asl_status how;
    asl_trainer *trainer = saves_resume(&how, f);
    calls = 0;
    watch_install(before, after, links);
    asl_trainer_request_stop(trainer);
    const asl_status status = asl_trainer_run(trainer, NULL);
    _exit(status != ASL_STOPPED ? FAILED : calls < deadly ? NO_CALL : NO_MOMENT);
}

static int kill_one(const fixture *f, bool links)
{
    int result = 0;
    saves_restore();
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        live(f, links);
    assert_int_equal(waitpid(child, &result, 0), child);
    if (WIFSIGNALED(result)) {
        assert_int_equal(WTERMSIG(result), SIGKILL);
        return KILLED;
    }
    assert_int_not_equal(WEXITSTATUS(result), FAILED);
    return WEXITSTATUS(result);
}

typedef struct tally {
    int64_t sites, kills, fresh, moved;
} tally;

/* What the killed process left, and how it goes on. */
static void check(tally *sum, const fixture *f, bool links)
{
    asl_status how;
    const int64_t position = saves_check(&how, f);
    assert_true(position == SAVES_OLD || position == SAVES_NEW);
    assert_true(how == ASL_OK || !links);
    sum->fresh += position == SAVES_NEW;
    sum->moved += how == ASL_PARTIAL;
    sum->kills++;
}

static void kill_at_each(const fixture *f, bool links)
{
    tally sum = {0};
    for (moment = BEFORE; moment < MOMENTS; moment++) {
        int end;
        for (deadly = 1; (end = kill_one(f, links)) != NO_CALL; deadly++)
            if (end == KILLED)
                check(&sum, f, links);
        sum.sites = deadly - 1;
    }
    assert_true(sum.kills > 2 * sum.sites && sum.sites > 15);
    assert_true(sum.fresh > 0 && sum.fresh < sum.kills && (sum.moved > 0) == !links);
    print_message("count: %" PRId64 " file calls of a save on a disk %s links, killed before, "
                  "after and in the middle: %" PRId64 " kills; %" PRId64 " left the old "
                  "checkpoint (%" PRId64 " as .prev only), %" PRId64 " the new one, none neither\n",
                  sum.sites, links ? "with" : "without", sum.kills, sum.kills - sum.fresh,
                  sum.moved, sum.fresh);
}

static void test_every_call(void **state)
{
    kill_at_each(*state, true);
}

static void test_every_call_without_links(void **state)
{
    kill_at_each(*state, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_call),
        cmocka_unit_test(test_every_call_without_links),
    };
    return cmocka_run_group_tests(tests, saves_setup, saves_teardown);
}
