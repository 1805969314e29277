/* SPDX-License-Identifier: MIT */
/* See crew.h. */
#include "unit/train/crew.h"

/* In order of ranks, whoever came last. */
static void add_up(crew *c)
{
    const size_t count = c->counts[0];
    for (int32_t r = 1; r < c->ranks; r++)
        c->uneven = c->uneven || c->counts[r] != count;
    for (size_t i = 0; i < count && !c->uneven; i++) {
        float sum = 0.0f;
        for (int32_t r = 0; r < c->ranks; r++)
            sum += c->values[r][i];
        for (int32_t r = 0; r < c->ranks; r++)
            c->values[r][i] = sum;
        if (c->drift && count > 1000 && i == 0)
            c->values[c->ranks - 1][0] += 1e-6f;
    }
}

static asl_status all_reduce(float *values, size_t count, void *user)
{
    member *m = user;
    crew *c = m->crew;
    pthread_mutex_lock(&c->mutex);
    c->lost = c->lost || ++m->calls == m->die_at;
    c->values[m->options.rank] = values;
    c->counts[m->options.rank] = count;
    if (++c->arrived == c->ranks && !c->lost) {
        add_up(c);
        c->arrived = 0;
        c->rounds++;
    }
    const int64_t round = c->rounds;
    pthread_cond_broadcast(&c->changed);
    while (c->arrived > 0 && c->rounds == round && !c->lost)
        pthread_cond_wait(&c->changed, &c->mutex);
    const bool failed = c->lost || c->uneven;
    pthread_mutex_unlock(&c->mutex);
    return failed ? ASL_ERR_IO : ASL_OK;
}

static void count_warning(asl_status code, const char *message, void *user)
{
    (void)code;
    (void)message;
    ((member *)user)->warnings++;
}

void crew_make(crew *c, const fixture *f, int32_t ranks)
{
    *c = (crew){.f = f, .ranks = ranks};
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->changed, NULL);
    for (int32_t r = 0; r < ranks; r++) {
        member *m = &c->members[r];
        m->crew = c;
        m->options = runs_options();
        m->options.threads = 1;
        m->options.rank = r;
        m->options.ranks = ranks;
        m->options.all_reduce = all_reduce;
        m->options.on_warning = count_warning;
        m->options.user = m;
    }
}

void crew_free(crew *c)
{
    for (int32_t r = 0; r < c->ranks; r++)
        asl_trainer_free(c->members[r].trainer);
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->mutex);
}

static asl_status make_trainer(member *m, const fixture *f)
{
    if (m->trainer)
        return ASL_OK;
    if (m->resume)
        return asl_trainer_resume(&m->trainer, RUN, f->train, f->validation, &m->options, &m->err);
    return asl_trainer_create(&m->trainer, f->model, f->train, f->validation, &m->options, &m->err);
}

static void *live(void *context)
{
    member *m = context;
    if (m->stop)
        asl_trainer_request_stop(m->trainer);
    m->status = asl_trainer_run(m->trainer, &m->err);
    return NULL;
}

void crew_run(crew *c)
{
    pthread_t threads[CREW_MOST];
    c->arrived = 0;
    c->lost = false;
    /* As processes do: nobody writes before all have read. */
    for (int32_t r = 0; r < c->ranks; r++) {
        member *m = &c->members[r];
        m->calls = 0;
        m->err = (asl_error)ASL_ERROR_INIT;
        assert_ok(make_trainer(m, c->f), &m->err);
    }
    for (int32_t r = 0; r < c->ranks; r++)
        assert_int_equal(pthread_create(&threads[r], NULL, live, &c->members[r]), 0);
    for (int32_t r = 0; r < c->ranks; r++)
        pthread_join(threads[r], NULL);
    assert_false(c->uneven);
}

void crew_assert_status(const crew *c, asl_status status)
{
    for (int32_t r = 0; r < c->ranks; r++) {
        if (c->members[r].status != status)
            fail_msg("rank %d: %s (%s), expected %s", r, asl_status_name(c->members[r].status),
                     c->members[r].err.message, asl_status_name(status));
    }
}

outcome crew_outcome(const crew *c)
{
    const outcome first = runs_outcome(c->members[0].trainer);
    for (int32_t r = 1; r < c->ranks; r++)
        runs_assert(c->members[r].trainer, &first);
    return first;
}
