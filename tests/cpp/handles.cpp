/* SPDX-License-Identifier: MIT */
/* Handles: who owns them, and what failures look like. */
#include "check.hpp"

#include <cerrno>
#include <fstream>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

template <typename T> void check_type() {
    static_assert(!std::is_copy_constructible<T>::value, "copies would free twice");
    static_assert(!std::is_copy_assignable<T>::value, "copies would free twice");
    static_assert(std::is_nothrow_move_constructible<T>::value, "std::vector would copy");
    static_assert(std::is_nothrow_move_assignable<T>::value, "std::vector would copy");
    static_assert(std::is_nothrow_default_constructible<T>::value, "empty handles are free");
    static_assert(!std::is_convertible<typename T::native_type *, T>::value,
                  "a handle must not change hands by accident");
    static_assert(!std::is_convertible<T, bool>::value, "if (model == 1)");
    const T empty;
    CHECK(!empty && empty.native() == nullptr);
}

void types() {
    check_type<asl::Image>();
    check_type<asl::Dataset>();
    check_type<asl::Model>();
    check_type<asl::Inferer>();
    check_type<asl::Evaluation>();
    check_type<asl::Trainer>();
    check_type<asl::Speller>();
    check_type<asl::Augmentation>();
    check_type<asl::Finder>();
    static_assert(sizeof(asl::Model) == sizeof(void *), "a handle and nothing else");
    static_assert(sizeof(asl::Speller) == sizeof(void *), "a handle and nothing else");
    static_assert(std::is_nothrow_copy_constructible<asl::error>::value, "as the standard asks");
}

size_t bytes_in_use() {
    size_t bytes = 0;
    asl_memory_usage(&bytes, nullptr);
    return bytes;
}

void moving() {
    asl::Image first = asl::Image::create(8, 8);
    const asl_image *raw = first.native();
    asl::Image second(std::move(first));
    CHECK(!first && second.native() == raw);
    first = std::move(second);
    CHECK(first.native() == raw && !second);
    asl::Image &same = first;
    first = std::move(same);
    CHECK(first.native() == raw);
    std::swap(first, second);
    CHECK(!first && second.native() == raw);

    const size_t one = bytes_in_use();
    second = asl::Image::create(8, 8); /* frees the other */
    CHECK(bytes_in_use() == one);
    second = asl::Image();
    CHECK(!second && bytes_in_use() == 0);

    std::vector<asl::Image> many;
    for (int i = 0; i < 40; i++) /* moved whenever the vector grows */
        many.push_back(asl::Image::create(i + 1, 1));
    for (int i = 0; i < 40; i++)
        CHECK(many[static_cast<size_t>(i)].view().width == i + 1);
    many.erase(many.begin() + 3, many.end() - 2);
    CHECK(many.size() == 5 && many.back().view().width == 40);
}

void giving_and_taking() {
    asl::Image image = asl::Image::create(4, 4);
    asl_image *raw = image.release();
    CHECK(!image && raw != nullptr);
    asl::Image owner(raw);
    CHECK(owner.native() == raw);
    asl_image_free(owner.release());
}

void empty_handles() {
    asl::Model model;
    asl::Inferer inferer;
    asl::Trainer trainer;
    asl::Speller speller;
    const asl::Image image;
    const asl::View none = image.view();
    CHECK(none.pixels == nullptr && asl::Image().pixels() == nullptr);
    check_error(ASL_ERR_ARG, [&] { image.save("none.png"); });
    check_error(ASL_ERR_ARG, [&] { model.info(); });
    check_error(ASL_ERR_ARG, [&] { model.label(0); });
    check_error(ASL_ERR_ARG, [&] { asl::Inferer again(model); });
    check_error(ASL_ERR_ARG, [&] { inferer.classify(none); });
    check_error(ASL_ERR_ARG, [&] { inferer.evaluate(asl::Dataset()); });
    check_error(ASL_ERR_ARG, [&] { trainer.run(); });
    check_error(ASL_ERR_ARG, [&] { trainer.model(); });
    check_error(ASL_ERR_ARG, [&] { speller.push(std::vector<float>(3), 0); });
    check_error(ASL_ERR_ARG, [&] { asl::Dataset().split(); });
    check_error(ASL_ERR_ARG, [&] { asl::Dataset().pack("none.pack"); });
    check_error(ASL_ERR_ARG, [&] { asl::Evaluation().info(); });
    check_error(ASL_ERR_ARG, [&] { asl::Evaluation().source(0); });
    check_error(ASL_ERR_ARG, [&] { asl::Augmentation().apply(none, 1, 1); });
    check_error(ASL_ERR_ARG, [&] { asl::Finder().find(none); });
    check_error(ASL_ERR_ARG, [&] { asl::Finder again(model); });
    check_error(ASL_ERR_ARG, [&] { model.with_calibration(asl::Calibration()); });
    check_error(ASL_ERR_ARG, [&] { asl::Dataset::mix({asl::Dataset()}); });
    CHECK(asl::Augmentation().text().empty() && asl::Finder().backend().empty());
    CHECK(inferer.mirror() == 0 && model.letter_score({1.0f}) < 0.5f);
    inferer.reset();
    CHECK(asl::Dataset().count() == 0 && trainer.epoch_count() == 0);
    CHECK(speller.text().empty() && speller.event_count() == 0 && speller.events().empty());
    CHECK(inferer.backend().empty() && trainer.backend().empty());
    CHECK(model.parameters() == nullptr && asl::Evaluation().confusion() == nullptr);
    trainer.request_stop();
    speller.reset();
}

void moved_from_inferers() {
    asl::Inferer first(world_trained_model());
    const asl::Image picture = world_picture(0, 1);
    const std::vector<float> before = first.classify(picture.view());
    asl::Inferer second(std::move(first));
    CHECK(second.classify(picture.view()) == before);
    check_error(ASL_ERR_ARG, [&] { first.classify(picture.view()); });
    first = std::move(second);
    CHECK(first.classify(picture.view()) == before);
}

void errors() {
    const asl::error missing =
        check_error(ASL_ERR_NOT_FOUND, [] { asl::Model::load("no/such.safetensors"); });
    CHECK(std::string(missing.what()).find("no/such.safetensors") != std::string::npos);
    CHECK(std::string(missing.name()) == "ASL_ERR_NOT_FOUND" && missing.sys_errno() == ENOENT);
    CHECK(missing.offset() == -1);
    std::ofstream("bad.csv") << "image_path,target\n\"open,A\n";
    CHECK(check_error(ASL_ERR_CSV, [] { asl::Dataset::open("bad.csv"); }).offset() == 2);

    const std::string cut("model\0hidden", 12);
    const asl::error nul = check_error(ASL_ERR_ARG, [&] { asl::Model::load(cut); });
    CHECK(std::string(nul.what()).find("NUL") != std::string::npos);
    check_error(ASL_ERR_ARG, [] { asl::Model::create("none"); });
    check_error(ASL_ERR_ARG, [] { world_model().label(3); });
    check_error(ASL_ERR_ARG, [] { world_model().label(-1); });
    check_error(ASL_ERR_TRUNCATED, [] { asl::Image::decode("\x89PNG\r\n\x1a\n....", 12); });
    try { /* as the standard's own */
        asl::Image::load("none.jpg");
        CHECK(false);
    } catch (const std::exception &failure) {
        CHECK(std::string(failure.what()).find("none.jpg") != std::string::npos);
    }
    asl::Err err; /* the way for calls that have no place in the layer */
    check_error(ASL_ERR_ARG, [&] { err.check(asl_backend_get_info(nullptr, 0, err)); });
}

void options() {
    asl_trainer_options c;
    const asl::TrainerOptions cpp;
    asl_trainer_options_init(&c, sizeof c);
    CHECK(cpp.struct_size == c.struct_size && cpp.epochs == c.epochs && cpp.beta2 == c.beta2);
    CHECK(asl::InfererOptions().batch_size == 1 && asl::PackOptions().width == 224);
    CHECK(asl::ModelOptions().struct_size == sizeof(asl_model_options));
    CHECK(asl::Calibration().temperature == 1.0 && asl::SaveOptions().weights == ASL_WEIGHTS_F32);
    CHECK(asl::FinderOptions().looks == 2 && asl::MixOptions().weights == nullptr);
    asl::TrainerOptions wrong;
    wrong.epochs = 0;
    check_error(ASL_ERR_ARG, [&] {
        asl::Trainer trainer(world_model(), world_pictures(), asl::Dataset(), wrong);
    });
    CHECK(asl::speller_options(ASL_SPELLER_VOTE, ASL_SPELLER_FLUENT).vote_ms == 233);
    check_error(ASL_ERR_ARG, [] { asl::speller_options(9, 0); });
}

void views() {
    static const uint8_t pixels[64] = {0};
    CHECK(asl::view(pixels, 4, 2).stride == 12);
    CHECK(asl::view(pixels, 4, 2, ASL_FORMAT_BGRA32).stride == 16);
    CHECK(asl::view(pixels, 4, 2, ASL_FORMAT_YUYV).stride == 8);
    CHECK(asl::view(pixels, 4, 2, ASL_FORMAT_GRAY8).stride == 4);
    CHECK(asl::view(pixels, 4, 2, ASL_FORMAT_NV12).stride == 4);
    CHECK(asl::view(pixels, 4, 2, ASL_FORMAT_RGB24, 20).stride == 20);
    const asl::Rect right = {2, 0, 2, 2};
    const asl::Image part =
        asl::Image::convert(asl::view(pixels, 4, 2, ASL_FORMAT_I420), ASL_FORMAT_BGR24, &right);
    CHECK(part.view().width == 2 && part.view().format == ASL_FORMAT_BGR24);
    CHECK(asl::Image::resize(part.view(), 7, 5).view().height == 5);
}

} // namespace

const Test handle_tests[] = {{"types", types},
                             {"moving", moving},
                             {"giving and taking", giving_and_taking},
                             {"empty handles", empty_handles},
                             {"moved-from inferers", moved_from_inferers},
                             {"errors", errors},
                             {"options", options},
                             {"views", views}};
const int handle_test_count = static_cast<int>(sizeof handle_tests / sizeof handle_tests[0]);
