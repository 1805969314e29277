/* SPDX-License-Identifier: MIT */
/* Runs the tests of the C++ layer; `test_cpp make` only writes a model and pictures, for the
 * example. */
#include "check.hpp"

#include <cstdio>
#include <cstring>
#include <exception>

#include <sys/stat.h>

namespace {

const char *const labels[world_classes] = {"A", "B", "nothing"};

size_t bytes_in_use() {
    size_t bytes = 0;
    asl_memory_usage(&bytes, nullptr);
    return bytes;
}

bool run(const Test &test) {
    try {
        test.run();
        if (bytes_in_use() == 0)
            return true;
        std::fprintf(stderr, "%s: %zu bytes are left\n", test.name, bytes_in_use());
    } catch (const Failure &failure) {
        std::fprintf(stderr, "%s: %s\n", test.name, failure.text.c_str());
    } catch (const std::exception &other) {
        std::fprintf(stderr, "%s: thrown: %s\n", test.name, other.what());
    }
    return false;
}

int run_all(const Test *tests, int count) {
    int failures = 0;
    for (int i = 0; i < count; i++)
        failures += run(tests[i]) ? 0 : 1;
    return failures;
}

void make_files() {
    world_trained_model().save("model.safetensors");
    for (int i = 0; i < world_classes; i++)
        world_picture(i, 7).save(std::string(labels[i]) + ".png");
}

} // namespace

asl::Image world_picture(int label, unsigned number) {
    static const int colours[world_classes][3] = {{220, 60, 40}, {40, 70, 210}, {90, 95, 90}};
    asl::Image image = asl::Image::create(32, 24);
    unsigned state = number * 2654435761u + 1;
    for (int i = 0; i < 32 * 24 * 3; i++) {
        state = state * 1664525u + 1013904223u;
        image.pixels()[i] =
            static_cast<uint8_t>(colours[label][i % 3] + static_cast<int>(state >> 30));
    }
    return image;
}

asl::Dataset world_pictures() {
    mkdir("pictures", 0777);
    for (int label = 0; label < world_classes; label++) {
        const std::string folder = std::string("pictures/") + labels[label];
        if (mkdir(folder.c_str(), 0777) != 0)
            continue;
        for (unsigned i = 0; i < 10; i++)
            world_picture(label, 100 + i).save(folder + "/" + std::to_string(i) + ".png");
    }
    return asl::Dataset::open("pictures");
}

asl::Model world_model() {
    asl::ModelOptions options;
    options.width = options.height = 16;
    options.labels = labels;
    options.label_count = world_classes;
    options.architecture = "conv2d 8 k3 p1; relu; max_pool 2; global_pool both; dense classes";
    return asl::Model::create("tiny", options);
}

asl::TrainerOptions world_training() {
    asl::TrainerOptions options;
    options.epochs = 4;
    options.batch_size = 5;
    options.learning_rate = 0.01;
    options.threads = 2;
    return options;
}

asl::Model world_trained_model() {
    struct stat info;
    if (stat("trained.safetensors", &info) != 0) {
        asl::TrainerOptions options = world_training();
        options.epochs = 20;
        asl::Trainer trainer(world_model(), world_pictures(), asl::Dataset(), options);
        trainer.run();
        trainer.model().save("trained.safetensors");
    }
    return asl::Model::load("trained.safetensors");
}

int main(int argc, char **argv) {
    if (argc == 2 && std::strcmp(argv[1], "make") == 0) {
        make_files();
        return 0;
    }
    const int failures =
        run_all(handle_tests, handle_test_count) + run_all(work_tests, work_test_count);
    std::printf("%d tests, %d failures\n", handle_test_count + work_test_count, failures);
    return failures == 0 ? 0 : 1;
}
