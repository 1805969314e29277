/* SPDX-License-Identifier: MIT */
/* The work itself, and functions of the caller that throw through it. */
#include "check.hpp"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <thread>

#include <sys/stat.h>

namespace {

struct Odd { /* thrown as it is, no std::exception */
    int number;
};

bool exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0;
}

std::vector<float> weights_of(const asl::Model &model) {
    size_t count = 0;
    const float *values = model.parameters(&count);
    return std::vector<float>(values, values + count);
}

void classifying() {
    const asl::Model model = world_trained_model();
    asl::Inferer inferer(model);
    CHECK(inferer.label_count() == 3 && model.labels()[2] == "nothing");
    CHECK(inferer.backend() == asl_inferer_backend(inferer.native()));
    std::vector<asl::Image> pictures;
    std::vector<asl::View> views;
    std::vector<float> all;
    for (int label = 0; label < world_classes; label++) {
        pictures.push_back(world_picture(label, 5));
        views.push_back(pictures.back().view());
        const std::vector<float> scores = inferer.classify(views.back());
        float again[world_classes];
        inferer.classify(again, world_classes, views.back());
        CHECK(scores.size() == 3 && scores[static_cast<size_t>(label)] > 0.9f);
        CHECK(std::memcmp(again, scores.data(), sizeof again) == 0);
        all.insert(all.end(), scores.begin(), scores.end());
    }
    CHECK(inferer.classify(views) == all);
    CHECK(inferer.logits(views[1])[1] > inferer.logits(views[1])[0]);
    const asl::Rect outside = {30, 0, 10, 10};
    check_error(ASL_ERR_ARG, [&] { inferer.classify(views[0], &outside); });
}

void data_sets() {
    const asl::Dataset data = world_pictures();
    CHECK(data.count() == 30 && data.class_count() == 3 && data.class_name(1) == "B");
    CHECK(data.group_count() == 0 && data.issue_count() == 0);
    check_error(ASL_ERR_ARG, [&] { data.class_name(3); });
    check_error(ASL_ERR_ARG, [&] { data.group_name(0); });
    check_error(ASL_ERR_ARG, [&] { data.issue(0); });
    CHECK(std::string(data.sample(29).path) == "nothing/9.png" && data.sample(29).class_index == 2);
    CHECK(data.image(0).view().width == 32);
    asl::SplitOptions how;
    how.kind = ASL_SPLIT_RANDOM;
    how.fraction = 0.3;
    asl::Split sides = data.split(how);
    CHECK(sides.kind == ASL_SPLIT_RANDOM);
    CHECK(sides.train.count() == 21 && sides.validation.count() == 9);
    asl::Dataset kept = std::move(sides.train);
    CHECK(kept.count() == 21 && !sides.train);
}

void mixing() {
    const asl::Dataset data = world_pictures();
    asl::Dataset mix =
        asl::Dataset::mix({data, data}, {"first", "second"}, {1.0, 3.0}, {"Blank", "b", "a"});
    CHECK(mix.count() == 60 && mix.class_count() == 3 && mix.class_name(0) == "Blank");
    CHECK(mix.source_count() == 2 && mix.source_name(1) == "second");
    CHECK(mix.source_weight(1) > 2.9 && mix.source_weight(2) < 0.5);
    CHECK(mix.sample(59).source_index == 1 && mix.sample(0).source_index == 0);
    CHECK(std::string(mix.sample(59).path).find("second/") == 0);
    CHECK(asl::Dataset::mix({data}).source_name(0) == "pictures");
    check_error(ASL_ERR_ARG, [&] { mix.source_name(2); });
    check_error(ASL_ERR_ARG, [&] { asl::Dataset::mix({data, data}); }); /* of one name */
    check_error(ASL_ERR_ARG, [&] { asl::Dataset::mix({}); });
    check_error(ASL_ERR_ARG, [&] { asl::Dataset::mix({data, data}, {"a"}); });
    check_error(ASL_ERR_ARG, [&] { asl::Dataset::mix({data}, {"a"}, {1.0, 2.0}); });
    check_error(ASL_ERR_DATASET, [&] { asl::Dataset::mix({data}, {"a"}, {}, {"X", "Y"}); });
}

void varying() {
    const asl::Augmentation strong = asl::Augmentation::create("strong");
    CHECK(asl::Augmentation::create(strong.text()).text() == strong.text());
    const asl::Image picture = world_picture(0, 1);
    const asl::Image first = strong.apply(picture.view(), 16, 12, 1, 2, 3);
    const asl::Image again = strong.apply(picture.view(), 16, 12, 1, 2, 3);
    CHECK(first.view().width == 16 && first.view().height == 12);
    CHECK(std::memcmp(first.view().pixels, again.view().pixels, 16 * 12 * 3) == 0);
    bool negative = false;
    asl::Augmentation::create("{\"negative\": 1}").apply(picture.view(), 8, 8, 0, 0, 0, &negative);
    CHECK(negative);
    asl::Augmentation::create("light").apply(picture.view(), 8, 8, 0, 0, 0, &negative);
    CHECK(!negative);
    const asl::error unknown =
        check_error(ASL_ERR_ARG, [] { asl::Augmentation::create("{\"sound\": 1}"); });
    CHECK(std::string(unknown.what()).find("sound") != std::string::npos);
    check_error(ASL_ERR_ARG, [&] { strong.apply(picture.view(), 8, 8, 0, -1); });
}

void finding() {
    const char *const places[] = {"none", "x250y500s500", "x750y500s500"};
    asl::ModelOptions options;
    options.width = options.height = 16;
    options.labels = places;
    options.label_count = 3;
    options.architecture = "conv2d 8 k3 p1; relu; max_pool 2; global_pool both; dense classes";
    const asl::Model model = asl::Model::create("tiny", options);
    asl::FinderOptions eager;
    eager.threshold = 0.0;
    asl::Finder finder(model, eager);
    CHECK(!finder.backend().empty());
    const asl::Image picture = world_picture(1, 4);
    const asl_hand hand = finder.find(picture.view());
    CHECK(hand.found && hand.box.width == hand.box.height && hand.box.width > 0);
    CHECK(hand.box.x >= 0 && hand.box.x + hand.box.width <= 32);
    asl::Inferer inferer(world_trained_model());
    CHECK(inferer.classify(picture.view(), hand.found ? &hand.box : nullptr).size() == 3);
    eager.threshold = 1.0;
    CHECK(!asl::Finder(model, eager).find(picture.view()).found);
    check_error(ASL_ERR_LABELS, [] { asl::Finder none(world_model()); });
}

void packing() {
    const asl::Dataset data = world_pictures();
    asl::PackOptions options;
    options.width = options.height = 16;
    options.reuse = 0;
    int64_t last = 0;
    const asl::Dataset packed = data.pack("world.pack", options, [&](int64_t done, int64_t total) {
        CHECK(done <= total);
        last = done;
        return false;
    });
    CHECK(packed.count() == 30 && last == 30);
    CHECK(!data.pack("stopped.pack", options, [](int64_t, int64_t) { return true; }));
    CHECK(!exists("stopped.pack"));
    try {
        data.pack("thrown.pack", options, [](int64_t, int64_t) -> bool { throw Odd{7}; });
        CHECK(false);
    } catch (const Odd &odd) {
        CHECK(odd.number == 7 && !exists("thrown.pack"));
    }
}

void evaluating() {
    asl::Inferer inferer(world_trained_model());
    const asl::Dataset data = world_pictures();
    const asl::Evaluation result = inferer.evaluate(data);
    CHECK(result.info().count == 30 && result.info().correct == 30);
    CHECK(result.confusion()[0] == 10 && result.confusion()[1] == 0);
    check_error(ASL_ERR_ARG, [&] { result.issue(0); });
    check_error(ASL_ERR_ARG, [&] { result.group(0); });
    CHECK(result.source(0).name == "pictures" && result.source(0).correct == 30);
    const asl_evaluation_result last = result.result(29);
    CHECK(last.truth == 2 && last.predicted == 2 && last.sample == 29 && last.scores[2] > 0.9f);
    check_error(ASL_ERR_ARG, [&] { result.result(30); });
    CHECK(!inferer.evaluate(data, {}, [](int64_t, int64_t) { return true; }));
    try {
        inferer.evaluate(data, {}, [](int64_t, int64_t) -> bool { throw std::string("enough"); });
        CHECK(false);
    } catch (const std::string &text) {
        CHECK(text == "enough");
    }
    CHECK(inferer.evaluate(data).info().accuracy == 1.0);
}

void training() {
    const std::thread::id here = std::this_thread::get_id();
    int epochs = 0, calls = 0;
    asl::TrainerCallbacks callbacks;
    callbacks.progress = [&](const asl_train_progress &now) {
        CHECK(std::this_thread::get_id() == here && now.epochs == 4);
        calls++;
    };
    callbacks.epoch = [&](const asl_epoch_metrics &metrics) { CHECK(metrics.epoch == ++epochs); };
    asl::Trainer first(world_model(), world_pictures(), world_pictures(), world_training(),
                       callbacks);
    asl::Trainer trainer(std::move(first)); /* the callbacks go along */
    CHECK(!first && trainer.run());
    CHECK(epochs == 4 && calls >= 8 && trainer.epoch_count() == 4);
    CHECK(trainer.epoch(3).epoch == 4 && trainer.epoch(3).val_loss < trainer.epoch(0).val_loss);
    check_error(ASL_ERR_ARG, [&] { trainer.epoch(4); });
    CHECK(trainer.source_accuracy(3, 0) == trainer.epoch(3).val_source_accuracy);
    CHECK(std::isnan(trainer.source_accuracy(3, 1)) && std::isnan(trainer.source_accuracy(4, 0)));
    CHECK(weights_of(trainer.model()) != weights_of(world_model()));
    CHECK(trainer.best_model() && !trainer.backend().empty());
}

/* Callbacks that throw, in turn, at every call there is; the run goes on each time, and ends with
 * the same bits as one that was left in peace. */
void throwing_callbacks() {
    const asl::Dataset data = world_pictures();
    asl::Trainer calm(world_model(), data, data, world_training());
    CHECK(calm.run());
    int calls = 0, thrown = 0;
    asl::TrainerCallbacks callbacks;
    callbacks.progress = [&](const asl_train_progress &) {
        if (++calls % 2 == 1)
            throw asl::error(ASL_ERR_STATE, "progress");
    };
    callbacks.epoch = [&](const asl_epoch_metrics &metrics) {
        if (metrics.epoch % 2 == 1)
            throw Odd{metrics.epoch};
    };
    asl::Trainer stormy(world_model(), data, data, world_training(), callbacks);
    for (bool done = false; !done;) {
        CHECK(thrown < 100);
        try {
            done = stormy.run();
        } catch (const asl::error &failure) {
            CHECK(failure.code() == ASL_ERR_STATE && std::strcmp(failure.what(), "progress") == 0);
            thrown++;
        } catch (const Odd &odd) {
            CHECK(odd.number == stormy.epoch_count());
            thrown++;
        }
    }
    CHECK(thrown >= 4 && stormy.epoch_count() == 4);
    CHECK(weights_of(stormy.model()) == weights_of(calm.model()));
}

/* One that cannot be written warns; one that throws ends the run, and not the process. */
void throwing_warnings() {
    asl::TrainerOptions options = world_training();
    options.checkpoint = "no/such/folder/checkpoint";
    asl::TrainerCallbacks callbacks;
    callbacks.warning = [](asl_status code, const char *message) {
        throw asl::error(code, std::string("warned: ") + message);
    };
    asl::Trainer trainer(world_model(), world_pictures(), asl::Dataset(), options, callbacks);
    const asl::error warned = check_error(ASL_ERR_NOT_FOUND, [&] { trainer.run(); });
    CHECK(std::string(warned.what()).find("warned: ") == 0);
}

void stopping() {
    asl::Trainer *running = nullptr;
    asl::TrainerCallbacks callbacks;
    callbacks.epoch = [&](const asl_epoch_metrics &) { running->request_stop(); };
    asl::Trainer trainer(world_model(), world_pictures(), asl::Dataset(), world_training(),
                         callbacks);
    running = &trainer;
    CHECK(!trainer.run() && trainer.epoch_count() == 1);
    check_error(ASL_ERR_NOT_FOUND, [&] { trainer.save_checkpoint("no/such/folder/file"); });
}

void resuming() {
    const asl::Dataset data = world_pictures();
    asl::TrainerOptions options = world_training();
    options.checkpoint = "run.checkpoint";
    std::remove("run.checkpoint.prev");
    asl::Trainer(world_model(), data, asl::Dataset(), options).run();
    options.epochs = 6;
    asl::Trainer more = asl::Trainer::resume("run.checkpoint", data, asl::Dataset(), options);
    CHECK(more.epoch_count() == 4 && more.run() && more.epoch_count() == 6);

    std::ofstream("run.checkpoint", std::ios::app) << "damage";
    asl::TrainerCallbacks callbacks;
    int warnings = 0;
    callbacks.warning = [&](asl_status, const char *) {
        warnings++;
        throw Odd{1};
    };
    const auto resume = [&] {
        return asl::Trainer::resume("run.checkpoint", data, asl::Dataset(), options, callbacks);
    };
    try {
        resume();
        CHECK(false);
    } catch (const Odd &) {
        CHECK(warnings == 1);
    }
    callbacks.warning = [&](asl_status code, const char *) {
        CHECK(code < 0);
        warnings++;
    };
    CHECK(resume().epoch_count() == 5 && warnings == 2);
    check_error(ASL_ERR_NOT_FOUND, [&] { asl::Trainer::resume("none", data, asl::Dataset()); });
}

/* A lost rank: the exception tells more than the status that it turns into on the way. */
void losing_a_rank() {
    asl::TrainerOptions options = world_training();
    options.ranks = 2;
    asl::TrainerCallbacks callbacks;
    callbacks.all_reduce = [](float *, size_t count) { throw Odd{static_cast<int>(count > 0)}; };
    asl::Trainer trainer(world_model(), world_pictures(), asl::Dataset(), options, callbacks);
    try {
        trainer.run();
        CHECK(false);
    } catch (const Odd &odd) {
        CHECK(odd.number == 1);
    }
}

void spelling() {
    const asl::Model model = world_trained_model();
    asl::Inferer inferer(model);
    asl::Speller speller(model);
    std::string told;
    int64_t time_ns = 0;
    CHECK(speller.set_words("AB 5\nABBA 3\n#\n") == 2);
    for (const int label : {2, 0, 2, 1, 2}) {
        const asl::Image picture = world_picture(label, 3);
        const std::vector<float> scores = inferer.classify(picture.view());
        for (int i = 0; i < 20; i++) {
            speller.look(picture.view());
            CHECK(speller.push(scores, time_ns += 33333333));
            for (const asl_speller_event &event : speller.events())
                if (event.kind == ASL_SPELLER_COMMIT)
                    told += event.text;
        }
    }
    CHECK(speller.text() == "AB" && told == "AB" && speller.belief()[2] > 0.8);
    CHECK(!speller.push(inferer.classify(world_picture(0, 3).view()), time_ns)); /* the same time */
    check_error(ASL_ERR_ARG, [&] { speller.push({1.0f, 0.0f, 0.0f}, 0); });
    CHECK(speller.suggestion_count() == 1 && speller.suggestion(0) == "ABBA");
    check_error(ASL_ERR_ARG, [&] { speller.suggestion(99); });
    speller.apply_suggestion(0);
    CHECK(speller.text() == "ABBA ");
    speller.backspace(); /* takes the suggestion back */
    speller.insert("\xc3\x84");
    CHECK(speller.text() == "AB\xc3\x84");
    check_error(ASL_ERR_ARG, [&] { speller.event(99); });
    check_error(ASL_ERR_NOT_FOUND, [&] { speller.load_words("none.txt"); });
    speller.clear();
    CHECK(speller.text().empty());
    check_error(ASL_ERR_LABELS, [] { asl::Speller one({"A", "A"}); });
    CHECK(asl::Speller({"A", "B"}).text().empty());
}

void models() {
    const asl::Model model = world_trained_model();
    CHECK(std::string(model.info().channel_order) == "rgb" && model.info().layer_count > 3);
    CHECK(std::string(model.layer(0).kind) == "conv2d");
    model.save("copy.safetensors");
    std::ifstream file("copy.safetensors", std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)),
                            std::istreambuf_iterator<char>());
    const asl::Model loaded = asl::Model::load_memory(bytes.data(), bytes.size());
    CHECK(weights_of(loaded) == weights_of(model));
    std::vector<float> values = weights_of(model);
    values[0] += 1.0f;
    CHECK(weights_of(model.with_parameters(values.data(), values.size())) == values);
    check_error(ASL_ERR_ARG, [&] { model.with_parameters(values.data(), 1); });
    CHECK(model.letter_score({0.5f, 0.25f, 0.25f}) == 0.75f);

    asl::SaveOptions small;
    small.weights = ASL_WEIGHTS_I8;
    model.save("small.safetensors", small);
    CHECK(asl::Model::load("small.safetensors").labels() == model.labels());
    small.weights = 9;
    check_error(ASL_ERR_ARG, [&] { model.save("small.safetensors", small); });
    asl::Calibration calibration;
    calibration.temperature = 2.0;
    calibration.mirror = ASL_MIRROR_BOTH;
    const asl::Model calibrated = model.with_calibration(calibration);
    CHECK(calibrated.info().temperature == 2.0 && model.info().temperature == 1.0);
    asl::Inferer both(calibrated);
    CHECK(both.mirror() == ASL_MIRROR_BOTH);
    both.reset();
    calibration.temperature = 0.0;
    check_error(ASL_ERR_ARG, [&] { model.with_calibration(calibration); });
    check_error(ASL_ERR_ARG, [] { asl::Model::builtin(9); });
}

} // namespace

const Test work_tests[] = {{"classifying", classifying},
                           {"data sets", data_sets},
                           {"mixing", mixing},
                           {"varying", varying},
                           {"finding", finding},
                           {"packing", packing},
                           {"evaluating", evaluating},
                           {"training", training},
                           {"throwing callbacks", throwing_callbacks},
                           {"throwing warnings", throwing_warnings},
                           {"stopping", stopping},
                           {"resuming", resuming},
                           {"losing a rank", losing_a_rank},
                           {"spelling", spelling},
                           {"models", models}};
const int work_test_count = static_cast<int>(sizeof work_tests / sizeof work_tests[0]);
