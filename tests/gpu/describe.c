/* SPDX-License-Identifier: MIT */
/* Prints how cuDNN describes the GPU of this machine, as JSON: planning works from such a text
 * without the GPU (tests/cuda/h100.json). */
#include <cudnn.h>
#include <stdio.h>

int main(void)
{
    static char text[1 << 16];
    cudnnBackendDescriptor_t device;
    int64_t count = 0;
    const int32_t ordinal = 0;
    cudnnStatus_t status =
        cudnnBackendCreateDescriptor(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, &device);
    if (status == CUDNN_STATUS_SUCCESS)
        status = cudnnBackendSetAttribute(device, CUDNN_ATTR_DEVICEPROP_DEVICE_ID, CUDNN_TYPE_INT32,
                                          1, &ordinal);
    if (status == CUDNN_STATUS_SUCCESS)
        status = cudnnBackendFinalize(device);
    if (status == CUDNN_STATUS_SUCCESS)
        status = cudnnBackendGetAttribute(device, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION,
                                          CUDNN_TYPE_CHAR, sizeof text - 1, &count, text);
    if (status != CUDNN_STATUS_SUCCESS) {
        fprintf(stderr, "describe: %s\n", cudnnGetErrorString(status));
        return 1;
    }
    puts(text);
    return 0;
}
