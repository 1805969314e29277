/* SPDX-License-Identifier: MIT */
/* Ranks joined by MPI. See ranks.h.
 *
 * The standard has MPI_Allreduce give every process identical results, which the trainer relies on.
 * It may wait busily, as is right between the steps of a run; the longer waits before and after
 * (one process packs pictures or draws charts) look now and then instead. */
#include <limits.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "common/cli.h"
#include "ranks.h"

/* How long a process that failed waits for the others to fail with it. */
#define PATIENCE_SECONDS 5.0

static bool joined;
static MPI_Comm training;
static MPI_Comm parting; /* its own, so that whoever is still summing is not disturbed */

/* Set by the launchers of Open MPI, of MPICH and its kin, and of Slurm. */
static bool is_launched(void)
{
    return getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMI_SIZE") || getenv("PMIX_RANK");
}

int ranks_join(int32_t *rank, int32_t *ranks)
{
    int provided, own = 0, count = 1;
    *rank = 0;
    *ranks = 1;
    if (!is_launched())
        return CLI_OK;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS ||
        MPI_Comm_dup(MPI_COMM_WORLD, &training) != MPI_SUCCESS ||
        MPI_Comm_dup(MPI_COMM_WORLD, &parting) != MPI_SUCCESS ||
        MPI_Comm_rank(training, &own) != MPI_SUCCESS ||
        MPI_Comm_size(training, &count) != MPI_SUCCESS) {
        cli_error("MPI cannot be started");
        return CLI_FAILED;
    }
    MPI_Comm_set_errhandler(training, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(parting, MPI_ERRORS_RETURN);
    joined = true;
    *rank = own;
    *ranks = count;
    return CLI_OK;
}

/* False when it failed or did not happen in so many seconds; 0 waits for ever. */
static bool wait_for(MPI_Request *request, double seconds)
{
    const struct timespec nap = {0, 2000000};
    const double begin = MPI_Wtime();
    int done = 0;
    while (seconds <= 0 || MPI_Wtime() - begin < seconds) {
        if (MPI_Test(request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS)
            return false;
        if (done)
            return true;
        nanosleep(&nap, NULL);
    }
    return false;
}

int ranks_largest(int value)
{
    int largest = value;
    MPI_Request request;
    if (!joined)
        return value;
    if (MPI_Iallreduce(&value, &largest, 1, MPI_INT, MPI_MAX, training, &request) == MPI_SUCCESS &&
        wait_for(&request, 0))
        return largest;
    cli_error("another process is lost");
    return CLI_FAILED;
}

asl_status ranks_sum(float *values, size_t count, void *user)
{
    (void)user;
    if (count > INT_MAX)
        return ASL_ERR_LIMIT;
    return MPI_Allreduce(MPI_IN_PLACE, values, (int)count, MPI_FLOAT, MPI_SUM, training) ==
                   MPI_SUCCESS
               ? ASL_OK
               : ASL_ERR_SYSTEM;
}

int ranks_part(int code)
{
    MPI_Request request;
    if (!joined)
        return code;
    const bool alike = code == CLI_OK || code == CLI_INTERRUPTED;
    if (MPI_Ibarrier(parting, &request) == MPI_SUCCESS &&
        wait_for(&request, alike ? 0 : PATIENCE_SECONDS))
        MPI_Finalize();
    else
        MPI_Abort(MPI_COMM_WORLD, code);
    return code;
}
