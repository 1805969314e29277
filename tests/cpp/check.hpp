/* SPDX-License-Identifier: MIT */
/* What the C++ tests share: a check that throws, tests that must give back all memory, and a small
 * world of two letters and no hand. */
#ifndef TESTS_CPP_CHECK_HPP
#define TESTS_CPP_CHECK_HPP

#include <asl/asl.hpp>

#include <string>

struct Failure {
    std::string text;
};

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            throw Failure{std::string(__FILE__) + ":" + std::to_string(__LINE__) + ": " +          \
                          #condition};                                                             \
    } while (false)

/* That `call()` throws an asl::error with this code; returns it. */
template <typename Call> asl::error check_error(asl_status code, const Call &call) {
    try {
        call();
    } catch (const asl::error &failure) {
        if (failure.code() == code && failure.what()[0] != '\0')
            return failure;
        throw Failure{std::string(failure.name()) + " instead of " + asl_status_name(code) + ": " +
                      failure.what()};
    }
    throw Failure{std::string("no ") + asl_status_name(code)};
}

struct Test {
    const char *name;
    void (*run)();
};
extern const Test handle_tests[], work_tests[];
extern const int handle_test_count, work_test_count;

/* Pictures of "A", "B" and "nothing" (0..2), and a network that learns them at once. */
constexpr int world_classes = 3;
asl::Image world_picture(int label, unsigned number);
/* Writes them to the folder `pictures`, unless they are there. */
asl::Dataset world_pictures();
asl::Model world_model();
asl::TrainerOptions world_training();
/* A trained one; trains once for all tests. */
asl::Model world_trained_model();

#endif
