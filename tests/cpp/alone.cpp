/* SPDX-License-Identifier: MIT */
/* The C++ header is enough on its own, twice, and in more than one file of a program. */
#include <asl/asl.hpp>
#include <asl/asl.hpp>

int main() {
    return asl::Model() ? 1 : 0;
}
