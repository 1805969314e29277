/* SPDX-License-Identifier: MIT */
/* The emulation itself: memory, streams, capture, kernels, failures. Products are in
 * test_emulation_dnn.c. */
#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulation/emulation.h"
#include "support/support.h"
#include "test_emulation.h"
#include "test_emulation_kernel.h"

#define assert_good(call) assert_int_equal(call, cudaSuccess)

static int set_up(void **state)
{
    (void)state;
    emulation_reset();
    return 0;
}

static int tear_down(void **state)
{
    char text[256];
    (void)state;
    if (emulation_live_objects(text, sizeof text) != 0)
        print_message("still there: %s\n", text);
    const bool clean = emulation_live_objects(NULL, 0) == 0;
    emulation_reset();
    return clean ? 0 : -1;
}

void *to_device(const void *data, size_t size)
{
    void *memory = NULL;
    assert_good(cudaMalloc(&memory, size));
    assert_good(cudaMemcpy(memory, data, size, cudaMemcpyHostToDevice));
    return memory;
}

void to_host(void *data, const void *memory, size_t size)
{
    assert_good(cudaMemcpy(data, memory, size, cudaMemcpyDeviceToHost));
}

static void expect_complaint(const char *part)
{
    char text[256];
    assert_true(emulation_complaints(text, sizeof text) > 0);
    if (strstr(text, part) == NULL)
        fail_msg("complained of \"%s\", not of \"%s\"", text, part);
}

/* ---- Devices ---- */

static void devices(void **state)
{
    emulation_config config;
    struct cudaDeviceProp properties;
    int count = 0, version = 0;
    (void)state;
    assert_good(cudaGetDeviceCount(&count));
    assert_int_equal(count, 1);
    assert_good(cudaGetDeviceProperties(&properties, 0));
    assert_int_equal(properties.major, 9);
    assert_string_equal(properties.name, "NVIDIA H100 80GB HBM3");
    assert_int_equal(cudaGetDeviceProperties(&properties, 1), cudaErrorInvalidDevice);
    assert_int_equal(cudaSetDevice(1), cudaErrorInvalidDevice);
    assert_int_equal(cudaPeekAtLastError(), cudaErrorInvalidDevice);
    assert_int_equal(cudaGetLastError(), cudaErrorInvalidDevice);
    assert_int_equal(cudaGetLastError(), cudaSuccess);

    emulation_defaults(&config);
    config.driver_version = 0;
    emulation_configure(&config);
    assert_int_equal(cudaGetDeviceCount(&count), cudaErrorInsufficientDriver);
    assert_int_equal(count, 0);
    assert_good(cudaDriverGetVersion(&version));
    assert_int_equal(version, 0);
    config.stub_driver = true;
    emulation_configure(&config);
    assert_int_equal(cudaGetDeviceCount(&count), cudaErrorStubLibrary);
    emulation_defaults(&config);
    config.devices = 0;
    emulation_configure(&config);
    assert_int_equal(cudaGetDeviceCount(&count), cudaErrorNoDevice);
    void *memory;
    assert_int_equal(cudaMalloc(&memory, 4), cudaErrorNoDevice);
    cudnnHandle_t dnn;
    assert_int_equal(cudnnCreate(&dnn), CUDNN_STATUS_NOT_INITIALIZED);
    cublasHandle_t blas;
    assert_int_equal(cublasCreate(&blas), CUBLAS_STATUS_NOT_INITIALIZED);
}

/* ---- Memory ---- */

static void memory_is_garbage_and_bounded(void **state)
{
    float values[4] = {0}, *device, *pinned;
    size_t free_bytes, total;
    (void)state;
    assert_good(cudaMalloc((void **)&device, sizeof values));
    to_host(values, device, sizeof values);
    assert_true(values[0] != values[0]); /* NaN */
    assert_int_equal(cudaMemcpy(values, device, sizeof values + 1, cudaMemcpyDeviceToHost),
                     cudaErrorInvalidValue);
    expect_complaint("whose block ends after 16");
    assert_int_equal(cudaMemset(device + 1, 0, sizeof values), cudaErrorInvalidValue);
    assert_int_equal(cudaMemcpy(values, device, 4, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
    assert_int_equal(cudaMemcpy(device, values, 4, cudaMemcpyDeviceToDevice),
                     cudaErrorInvalidValue);
    assert_int_equal(cudaMemcpy(device, values, 4, (enum cudaMemcpyKind)9),
                     cudaErrorInvalidMemcpyDirection);
    assert_good(cudaMemcpy(values, device, 4, cudaMemcpyDefault));

    assert_good(cudaHostAlloc((void **)&pinned, 8, cudaHostAllocDefault));
    assert_int_equal(cudaFree(pinned), cudaErrorInvalidValue);
    assert_int_equal(cudaFreeHost(device), cudaErrorInvalidValue);
    assert_good(cudaFreeHost(pinned));
    assert_good(cudaFree(NULL));
    assert_good(cudaFree(device));
    assert_int_equal(cudaFree(device), cudaErrorInvalidValue);
    expect_complaint("was freed before");

    assert_good(cudaMemGetInfo(&free_bytes, &total));
    assert_int_equal(free_bytes, total);
    assert_int_equal(cudaMalloc((void **)&device, total + 1), cudaErrorMemoryAllocation);
    assert_good(cudaMalloc((void **)&device, 1000));
    assert_good(cudaMemGetInfo(&free_bytes, &total));
    assert_int_equal(total - free_bytes, 1000);
    assert_int_equal(emulation_peak_memory(), 1000);
    assert_int_equal(emulation_live_objects(NULL, 0), 1);
    assert_good(cudaFree(device));
}

static void kernels(void **state)
{
    enum { COUNT = 1000 };
    float values[COUNT], *from, *to;
    (void)state;
    for (int i = 0; i < COUNT; i++)
        values[i] = (float)i;
    from = to_device(values, sizeof values);
    assert_good(cudaMalloc((void **)&to, sizeof values));
    assert_good(test_scale(to, from, 2, COUNT, NULL));
    to_host(values, to, sizeof values);
    for (int i = 0; i < COUNT; i++)
        assert_true(values[i] == 2 * (float)i);
    const test_scaled scaled = {.from = from, .by = 3};
    assert_good(test_scale_from(to, scaled, COUNT, NULL));
    to_host(values, to, sizeof values);
    assert_true(values[COUNT - 1] == 3.0f * (COUNT - 1));
    /* Threads run from the last: not a single one finds the sum before it. */
    assert_good(test_running_sum(from, COUNT, NULL));
    to_host(values, from, sizeof values);
    assert_true(values[95] == 95 + 94);

    assert_int_equal(emulation_calls("scale<float>"), 1);
    assert_int_equal(test_scale(to, from, 2, 0, NULL), cudaErrorInvalidConfiguration);
    assert_int_equal(emulation_complaints(NULL, 0), 0);
    assert_good(cudaFree(from));
    assert_good(cudaFree(to));
}

/* What a kernel does wrong loses the device. */
static void kernels_get_host_pointers(void **state)
{
    float values[8] = {0}, *heap = malloc(sizeof values), *device;
    (void)state;
    assert_non_null(heap);
    for (int in_structure = 0; in_structure <= test_searches_structures(); in_structure++) {
        emulation_reset();
        device = to_device(values, sizeof values);
        if (in_structure)
            assert_int_equal(test_scale_from(device, (test_scaled){.from = heap}, 8, NULL),
                             cudaErrorIllegalAddress);
        else
            assert_int_equal(test_scale(values, device, 1, 8, NULL), cudaErrorIllegalAddress);
        expect_complaint("not for the device");
        assert_int_equal(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
        assert_int_equal(cudaGetLastError(), cudaErrorIllegalAddress);
        assert_int_equal(cudaGetLastError(), cudaErrorIllegalAddress); /* it stays lost */
        assert_int_equal(cudaFree(device), cudaErrorIllegalAddress);
        assert_int_equal(emulation_live_objects(NULL, 0), 0);
    }
    free(heap);
}

#if defined(__SANITIZE_ADDRESS__)
#define WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED 1
#endif
#endif

#ifdef WATCHED
/* Whether a process that does this ends in an error. */
static bool ends_badly(void (*action)(float *device), float *device)
{
    int how = 0;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(STDERR_FILENO);
        action(device);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    return !WIFEXITED(how) || WEXITSTATUS(how) != 0;
}

static void stay_inside(float *device)
{
    (void)test_scale(device, device, 1, 8, NULL);
}

static void write_beside(float *device)
{
    (void)test_overrun(device, 8, NULL);
}

static void touch_from_host(float *device)
{
    *(volatile float *)device = 1;
}
#endif

static void wrong_places(void **state)
{
    float *device;
    (void)state;
    assert_good(cudaMalloc((void **)&device, 8 * sizeof *device));
#ifdef WATCHED
    assert_false(ends_badly(stay_inside, device));
    assert_true(ends_badly(write_beside, device));
    assert_true(ends_badly(touch_from_host, device));
    assert_good(cudaFree(device));
#else
    assert_good(test_overrun(device, 8, NULL));
    assert_int_equal(emulation_complaints(NULL, 0), 0);
    assert_good(cudaFree(device));
    expect_complaint("were written");
#endif
}

/* ---- Streams ---- */

static void events_measure_work(void **state)
{
    cudaStream_t stream;
    cudaEvent_t start, end, plain;
    float milliseconds = -1, *device;
    (void)state;
    assert_good(cudaMalloc((void **)&device, 4));
    assert_good(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    assert_good(cudaEventCreate(&start));
    assert_good(cudaEventCreate(&end));
    assert_good(cudaEventCreateWithFlags(&plain, cudaEventDisableTiming));
    assert_int_equal(cudaEventElapsedTime(&milliseconds, start, end),
                     cudaErrorInvalidResourceHandle);
    assert_good(cudaEventRecord(start, stream));
    for (int i = 0; i < 5; i++)
        assert_good(cudaMemsetAsync(device, 0, 4, stream));
    assert_good(cudaEventRecord(end, stream));
    assert_good(cudaEventRecord(plain, stream));
    assert_good(cudaEventSynchronize(end));
    assert_good(cudaEventElapsedTime(&milliseconds, start, end));
    assert_true(milliseconds > 0.004f && milliseconds < 0.006f);
    assert_int_equal(cudaEventElapsedTime(&milliseconds, start, plain),
                     cudaErrorInvalidResourceHandle);
    assert_good(cudaEventDestroy(start));
    assert_good(cudaEventDestroy(end));
    assert_good(cudaEventDestroy(plain));
    assert_int_equal(cudaEventDestroy(plain), cudaErrorInvalidResourceHandle);
    assert_good(cudaStreamDestroy(stream));
    assert_int_equal(cudaStreamDestroy(stream), cudaErrorInvalidResourceHandle);
    assert_int_equal(cudaMemsetAsync(device, 0, 4, stream), cudaErrorInvalidResourceHandle);
    assert_good(cudaFree(device));
}

/* What nobody waited for has not happened yet. */
static void deferred_work(void **state)
{
    emulation_config config;
    cudaStream_t stream;
    float *pinned, *device, pageable = 1;
    (void)state;
    emulation_defaults(&config);
    config.deferred = true;
    emulation_configure(&config);
    assert_good(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    assert_good(cudaHostAlloc((void **)&pinned, 8, cudaHostAllocDefault));
    assert_good(cudaMalloc((void **)&device, 4));
    pinned[0] = 1;
    assert_good(cudaMemcpyAsync(device, pinned, 4, cudaMemcpyHostToDevice, stream));
    assert_good(test_scale(device, device, 3, 1, stream));
    assert_good(cudaMemcpyAsync(pinned + 1, device, 4, cudaMemcpyDeviceToHost, stream));
    assert_true(pinned[1] != pinned[1]); /* still garbage */
    pinned[0] = 2;                       /* too early */
    assert_good(cudaStreamSynchronize(stream));
    assert_true(pinned[1] == 6);

    /* The legacy stream goes its own way. */
    assert_good(cudaMemset(device, 0, 4));
    assert_good(cudaMemcpyAsync(device, &pageable, 4, cudaMemcpyHostToDevice, stream));
    pageable = 5;
    assert_good(cudaStreamSynchronize(stream));
    assert_good(cudaMemcpyAsync(pinned, device, 4, cudaMemcpyDeviceToHost, stream));
    assert_good(cudaStreamSynchronize(stream));
    assert_true(pinned[0] == 1);
    assert_good(cudaDeviceSynchronize());
    assert_good(cudaMemcpy(&pageable, device, 4, cudaMemcpyDeviceToHost));
    assert_true(pageable == 0); /* the memset came last */

    assert_good(test_scale(device, device, 3, 1, stream));
    assert_good(cudaFree(device)); /* waits */
    assert_good(cudaFreeHost(pinned));
    assert_good(cudaStreamDestroy(stream));
    assert_int_equal(emulation_complaints(NULL, 0), 0);
}

static void capture(void **state)
{
    cudaStream_t stream;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    enum cudaStreamCaptureStatus status;
    float *pinned, *device;
    size_t nodes;
    (void)state;
    assert_good(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    assert_good(cudaHostAlloc((void **)&pinned, 8, cudaHostAllocDefault));
    assert_good(cudaMalloc((void **)&device, 4));
    assert_int_equal(cudaStreamBeginCapture(NULL, cudaStreamCaptureModeGlobal),
                     cudaErrorStreamCaptureUnsupported);
    assert_int_equal(cudaStreamEndCapture(stream, &graph), cudaErrorIllegalState);
    assert_good(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    assert_good(cudaStreamIsCapturing(stream, &status));
    assert_int_equal(status, cudaStreamCaptureStatusActive);
    pinned[0] = 1;
    pinned[1] = 0;
    assert_good(cudaMemcpyAsync(device, pinned, 4, cudaMemcpyHostToDevice, stream));
    assert_good(test_scale(device, device, 3, 1, stream));
    assert_good(cudaMemcpyAsync(pinned + 1, device, 4, cudaMemcpyDeviceToHost, stream));
    assert_good(cudaStreamEndCapture(stream, &graph));
    assert_true(pinned[1] == 0);
    assert_int_equal(emulation_work_count(), 0);
    assert_good(cudaGraphGetNodes(graph, NULL, &nodes));
    assert_int_equal(nodes, 3);
    assert_good(cudaGraphInstantiate(&exec, graph, 0));
    assert_good(cudaGraphDestroy(graph));
    for (int i = 2; i < 5; i++) {
        pinned[0] = (float)i;
        assert_good(cudaGraphLaunch(exec, stream));
        assert_true(pinned[1] == 3 * (float)i);
    }
    /* A graph whose memory is gone. */
    assert_int_equal(emulation_complaints(NULL, 0), 0);
    assert_good(cudaFree(device));
    assert_int_equal(cudaGraphLaunch(exec, stream), cudaErrorIllegalAddress);
    assert_int_equal(cudaGraphExecDestroy(exec), cudaErrorIllegalAddress);
    assert_int_equal(cudaFreeHost(pinned), cudaErrorIllegalAddress);
    assert_int_equal(cudaStreamDestroy(stream), cudaErrorIllegalAddress);
}

/* What each of these spoils. */
static void forbidden_in_capture(void **state)
{
    cudaStream_t stream;
    float *device, value = 0;
    (void)state;
    assert_good(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    assert_good(cudaMalloc((void **)&device, 4));
    for (int i = 0; i < 7; i++) {
        cudaGraph_t graph;
        cudnnHandle_t dnn;
        void *other;
        assert_good(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
        const int code =
            i == 0   ? (int)cudaMalloc(&other, 4)
            : i == 1 ? (int)cudaFree(device)
            : i == 2 ? (int)cudaStreamSynchronize(stream)
            : i == 3 ? (int)cudaDeviceSynchronize()
            : i == 4 ? (int)cudaMemcpy(&value, device, 4, cudaMemcpyDeviceToHost)
            : i == 5 ? (int)cudaMemcpyAsync(device, &value, 4, cudaMemcpyHostToDevice, stream)
                     : (int)cudnnCreate(&dnn);
        assert_int_equal(code, i == 6 ? (int)CUDNN_STATUS_EXECUTION_FAILED_CUDART
                                      : (int)cudaErrorStreamCaptureUnsupported);
        assert_int_equal(cudaMemsetAsync(device, 0, 4, stream), cudaErrorStreamCaptureInvalidated);
        assert_int_equal(cudaStreamEndCapture(stream, &graph), cudaErrorStreamCaptureInvalidated);
        assert_null(graph);
        assert_good(cudaStreamSynchronize(stream));
    }
    assert_good(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
    assert_good(cudaMemset(device, 0, 4));
    assert_good(cudaFree(device));
    assert_good(cudaStreamDestroy(stream)); /* with what it captured */
}

/* ---- Failures ---- */

static void injected_failures(void **state)
{
    void *memory = NULL;
    cudaStream_t stream;
    cudnnHandle_t dnn;
    cublasHandle_t blas;
    (void)state;
    emulation_fail_call(2, EMULATION_NO_MEMORY, false);
    assert_good(cudaMalloc(&memory, 4));
    assert_int_equal(cudaMemset(memory, 0, 4), cudaErrorMemoryAllocation);
    assert_good(cudaMemset(memory, 0, 4));
    emulation_fail_call(1, EMULATION_BROKEN, true);
    assert_int_equal(cudaStreamCreate(&stream), cudaErrorUnknown);
    assert_int_equal(cudnnCreate(&dnn), CUDNN_STATUS_INTERNAL_ERROR);
    assert_int_equal(cublasCreate(&blas), CUBLAS_STATUS_INTERNAL_ERROR);
    assert_int_equal(cudaFree(memory), cudaErrorUnknown); /* but it is free */
    emulation_fail_call(0, EMULATION_BROKEN, false);
    assert_int_equal(emulation_live_objects(NULL, 0), 0);
    assert_int_equal(emulation_call_count(), 7);
    assert_string_equal(emulation_call_name(5), "cudnnCreate");
    assert_null(emulation_call_name(8));

    emulation_fail_call(2, EMULATION_LOST_LATER, false);
    assert_good(cudaStreamCreate(&stream));
    assert_good(cudaMalloc(&memory, 4));
    assert_int_equal(cudaStreamSynchronize(stream), cudaErrorLaunchFailure);
    assert_int_equal(cudaGetLastError(), cudaErrorLaunchFailure);
    assert_int_equal(cudnnCreate(&dnn), CUDNN_STATUS_EXECUTION_FAILED_CUDART);
    assert_int_equal(cudaFree(memory), cudaErrorLaunchFailure);
    assert_int_equal(cudaStreamDestroy(stream), cudaErrorLaunchFailure);
    emulation_reset();
    emulation_fail_call(1, EMULATION_LOST, false);
    assert_int_equal(cudaMalloc(&memory, 4), cudaErrorIllegalAddress);
    assert_int_equal(cudaMalloc(&memory, 4), cudaErrorIllegalAddress);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(devices),
        TEST(memory_is_garbage_and_bounded),
        TEST(kernels),
        TEST(kernels_get_host_pointers),
        TEST(wrong_places),
        TEST(events_measure_work),
        TEST(deferred_work),
        TEST(capture),
        TEST(forbidden_in_capture),
        TEST(injected_failures),
        TEST(convolutions_forward),
        TEST(convolutions_fused),
        TEST(convolutions_back_data),
        TEST(convolutions_back_filter),
        TEST(products),
        TEST(engines_calculate_as_noted),
        TEST(captured_libraries),
        TEST(refused_executions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
