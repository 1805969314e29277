/* SPDX-License-Identifier: MIT */
/** @file asl/asl.hpp
 * libasl for C++11 and later: handles that free themselves and failures that throw. Header only;
 * everything here is a call or two of the C interface, whose headers say what each one does.
 *
 * - Every class owns one handle of the C interface. It moves and does not copy; what was moved from
 *   is empty, and fails as NULL does. `native()` gives the handle for calls that are not here.
 * - A call that fails throws asl::error. What the caller's own functions throw stops the work they
 *   were called from and comes out of the call that began it.
 * - Options are the C structs with their defaults filled in.
 * @code
 *     asl::Inferer inferer(asl::Model::builtin());
 *     asl::Image image = asl::Image::load("hand.jpg");
 *     std::vector<float> scores = inferer.classify(image.view());
 * @endcode
 */
#ifndef ASL_ASL_HPP
#define ASL_ASL_HPP

#include <asl/base.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace asl {

/** A picture that the library owns. */
class Image : public detail::Handle<Image, asl_image, asl_image_free> {
public:
    using Handle::Handle;

    static Image load(const std::string &path, const DecodeOptions &options = {}) {
        return own(asl_image_load, detail::c_text(path), &options);
    }
    static Image decode(const void *data, size_t size, const DecodeOptions &options = {}) {
        return own(asl_image_decode, data, size, &options);
    }
    static Image create(int32_t width, int32_t height, int32_t format = ASL_FORMAT_RGB24) {
        return own(asl_image_create, width, height, format);
    }
    static Image convert(const View &from, int32_t format, const Rect *region = nullptr) {
        return own(asl_image_convert, &from, region, format);
    }
    static Image resize(const View &from, int32_t width, int32_t height,
                        const Rect *region = nullptr) {
        return own(asl_image_resize, &from, region, width, height);
    }

    /** Valid while the picture lives. */
    View view() const noexcept { return asl_image_get_view(native()); }
    uint8_t *pixels() noexcept { return asl_image_pixels(native()); }
    void save(const std::string &path, int32_t quality = 0) const {
        const View own_view = view();
        detail::call(asl_image_save, &own_view, detail::c_text(path), quality);
    }
};

/** How pictures are varied in training. It never changes: any number of threads. */
class Augmentation : public detail::Handle<Augmentation, asl_augmentation, asl_augmentation_free> {
public:
    using Handle::Handle;

    /** "none", "light", "strong" or JSON. */
    static Augmentation create(const std::string &text) {
        return own(asl_augmentation_create, detail::c_text(text));
    }

    /** All of its keys as JSON. */
    std::string text() const { return text_of(asl_augmentation_text(native())); }
    /** The varied picture; `negative` receives whether no letter is left in it. */
    Image apply(const View &picture, int32_t width, int32_t height, uint64_t seed = 0,
                int64_t epoch = 0, int64_t sample = 0, bool *negative = nullptr) const {
        Image out = Image::create(width, height);
        int32_t none = 0;
        detail::call(asl_augmentation_apply, out.pixels(), &none, native(), &picture, width, height,
                     seed, epoch, sample);
        if (negative)
            *negative = none != 0;
        return out;
    }
};

struct Split;

/** Labelled pictures. */
class Dataset : public detail::Handle<Dataset, asl_dataset, asl_dataset_free> {
public:
    using Handle::Handle;

    /** What was skipped is in issue(). */
    static Dataset open(const std::string &path, const DatasetOptions &options = {}) {
        return own(asl_dataset_open, detail::c_text(path), &options);
    }

    /** A data set to mix, which may be a temporary. */
    struct Part {
        Part(const Dataset &part) noexcept : raw(part.native()) {}
        const asl_dataset *raw;
    };
    /** Puts data sets together as `options` say, whose count this sets: `mix({one, other})`. */
    static Dataset mix(const std::vector<Part> &parts, MixOptions options = {}) {
        std::vector<const asl_dataset *> raw;
        for (const Part &part : parts)
            raw.push_back(part.raw);
        options.count = static_cast<int32_t>(raw.size());
        return own(asl_dataset_mix, raw.data(), &options);
    }
    /** The same under these names, with these weights (none: all alike), for a model's classes
     * (none: the 29). */
    static Dataset mix(const std::vector<Part> &parts, const std::vector<std::string> &names,
                       const std::vector<double> &weights = {},
                       const std::vector<std::string> &labels = {}) {
        detail::same_size("names", names.size(), parts.size());
        if (!weights.empty())
            detail::same_size("weights", weights.size(), parts.size());
        const std::vector<const char *> c_names = detail::c_texts(names);
        const std::vector<const char *> c_labels = detail::c_texts(labels);
        MixOptions options;
        options.names = c_names.data();
        options.weights = weights.empty() ? nullptr : weights.data();
        options.labels = labels.empty() ? nullptr : c_labels.data();
        options.label_count = static_cast<int32_t>(labels.size());
        return mix(parts, options);
    }

    int64_t count() const noexcept { return asl_dataset_count(native()); }
    int32_t class_count() const noexcept { return asl_dataset_class_count(native()); }
    std::string class_name(int32_t i) const { return name(asl_dataset_class_name, i, "class"); }
    int32_t group_count() const noexcept { return asl_dataset_group_count(native()); }
    std::string group_name(int32_t i) const { return name(asl_dataset_group_name, i, "group"); }
    int32_t source_count() const noexcept { return asl_dataset_source_count(native()); }
    std::string source_name(int32_t i) const { return name(asl_dataset_source_name, i, "source"); }
    double source_weight(int32_t i) const noexcept {
        return asl_dataset_source_weight(native(), i);
    }
    asl_sample sample(int64_t i) const { return get<asl_sample>(asl_dataset_get_sample, i); }
    Image image(int64_t i) const { return make<Image>(asl_dataset_load_image, i); }
    int64_t issue_count() const noexcept { return asl_dataset_issue_count(native()); }
    asl_issue issue(int64_t i) const { return get<asl_issue>(asl_dataset_get_issue, i); }
    uint64_t fingerprint() const noexcept { return asl_dataset_fingerprint(native()); }
    Split split(const SplitOptions &options = {}) const;
    Dataset pack(const std::string &path, const PackOptions &options = {},
                 const Watch &watch = Watch()) const {
        return detail::watched<Dataset>(options, watch, asl_dataset_pack, native(),
                                        detail::c_text(path));
    }
};

/** The two sides of a data set. */
struct Split {
    Dataset train, validation;
    int32_t kind; /**< ASL_SPLIT_* that was applied. */
};

inline Split Dataset::split(const SplitOptions &options) const {
    asl_dataset *train = nullptr, *validation = nullptr;
    int32_t kind = 0;
    detail::call(asl_dataset_split, &train, &validation, &kind, native(), &options);
    return Split{Dataset(train), Dataset(validation), kind};
}

/** A network with its weights and classes. */
class Model : public detail::Handle<Model, asl_model, asl_model_free> {
public:
    using Handle::Handle;

    static Model create(const std::string &preset, const ModelOptions &options = {}) {
        return own(asl_model_create, detail::c_text(preset), &options);
    }
    static Model load(const std::string &path) { return own(asl_model_load, detail::c_text(path)); }
    static Model load_memory(const void *data, size_t size) {
        return own(asl_model_load_memory, data, size);
    }

    /** A model that is part of the library: ASL_BUILTIN_*. */
    static Model builtin(int32_t which = ASL_BUILTIN_LETTERS) {
        return own(asl_model_builtin, which);
    }

    void save(const std::string &path) const {
        detail::call(asl_model_save, native(), detail::c_text(path));
    }
    void save(const std::string &path, const SaveOptions &options) const {
        detail::call(asl_model_save_as, native(), detail::c_text(path), &options);
    }
    /** Its strings live as long as the model. */
    asl_model_info info() const { return get<asl_model_info>(asl_model_get_info); }
    std::string label(int32_t i) const { return name(asl_model_label, i, "class"); }
    std::vector<std::string> labels() const {
        const int32_t count = info().label_count;
        std::vector<std::string> out;
        for (int32_t i = 0; i < count; i++)
            out.push_back(label(i));
        return out;
    }
    asl_layer_info layer(int32_t i) const { return get<asl_layer_info>(asl_model_get_layer, i); }
    /** Live as long as the model. */
    const float *parameters(size_t *count = nullptr) const noexcept {
        return asl_model_parameters(count, native());
    }
    Model with_parameters(const float *values, size_t count) const {
        return make<Model>(asl_model_with_parameters, values, count);
    }
    Model with_calibration(const Calibration &calibration) const {
        return make<Model>(asl_model_with_calibration, &calibration);
    }
    /** How sure the model is that there is a letter at all; compare info().letter_threshold. */
    float letter_score(const std::vector<float> &scores) const noexcept {
        return asl_model_letter_score(native(), scores.data(), scores.size());
    }
};

/** Pictures of one group or source, and how many of them were named rightly. */
struct Tally {
    std::string name;
    int64_t count, correct;
};

/** How a model did on a data set. */
class Evaluation : public detail::Handle<Evaluation, asl_evaluation, asl_evaluation_free> {
public:
    using Handle::Handle;

    asl_evaluation_info info() const { return get<asl_evaluation_info>(asl_evaluation_get_info); }
    /** Row = true class, column = predicted; NULL when empty. Lives as long as the evaluation. */
    const int64_t *confusion() const noexcept { return asl_evaluation_confusion(native()); }
    Tally group(int32_t i) const { return tally(asl_evaluation_get_group, i); }
    Tally source(int32_t i) const { return tally(asl_evaluation_get_source, i); }
    /** What it points to lives as long as the evaluation. */
    asl_evaluation_result result(int64_t i) const {
        return get<asl_evaluation_result>(asl_evaluation_get_result, i);
    }
    asl_issue issue(int64_t i) const { return get<asl_issue>(asl_evaluation_get_issue, i); }

private:
    template <typename Fn> Tally tally(Fn fn, int32_t i) const {
        const char *text = nullptr;
        int64_t count = 0, correct = 0;
        detail::call(fn, &text, &count, &correct, native(), i);
        return Tally{text, count, correct};
    }
};

/** A model on one backend. Used by one thread at a time. */
class Inferer : public detail::Handle<Inferer, asl_inferer, asl_inferer_free> {
public:
    Inferer() noexcept : label_count_(0) {}
    /** The model may go at once. */
    explicit Inferer(const Model &model, const InfererOptions &options = {})
        : Handle(detail::made<asl_inferer>(asl_inferer_create, model.native(), &options)),
          label_count_(static_cast<size_t>(model.info().label_count)) {}

    size_t label_count() const noexcept { return label_count_; }
    /** Scores of one picture in the order of the model's classes. */
    std::vector<float> classify(const View &picture, const Rect *region = nullptr) {
        std::vector<float> scores(label_count_);
        classify(scores.data(), scores.size(), picture, region);
        return scores;
    }
    /** The same without taking memory. */
    void classify(float *scores, size_t count, const View &picture, const Rect *region = nullptr) {
        detail::call(asl_inferer_classify, scores, count, native(), &picture, region);
    }
    /** Scores of all pictures, one after the other. */
    std::vector<float> classify(const std::vector<View> &pictures) {
        std::vector<float> scores(label_count_ * pictures.size());
        detail::call(asl_inferer_classify_batch, scores.data(), scores.size(), native(),
                     pictures.data(), pictures.size());
        return scores;
    }
    std::vector<float> logits(const View &picture, const Rect *region = nullptr) {
        std::vector<float> out(label_count_);
        detail::call(asl_inferer_logits, out.data(), out.size(), native(), &picture, region);
        return out;
    }
    /** Which backend runs and why. */
    std::string backend() const { return text_of(asl_inferer_backend(native())); }
    /** Which side of pictures is read: ASL_MIRROR_*. */
    int32_t mirror() const noexcept { return asl_inferer_mirror(native()); }
    /** Forgets which side ASL_MIRROR_AUTO has decided on, as for another signer. */
    void reset() noexcept { asl_inferer_reset(native()); }
    Evaluation evaluate(const Dataset &dataset, const EvaluateOptions &options = {},
                        const Watch &watch = Watch()) {
        return detail::watched<Evaluation>(options, watch, asl_inferer_evaluate, native(),
                                           dataset.native());
    }

private:
    size_t label_count_;
};

/** Where in a picture the hand is: a model of places on one backend. Used by one thread at a time.
 */
class Finder : public detail::Handle<Finder, asl_finder, asl_finder_free> {
public:
    using Handle::Handle;

    /** The model, such as Model::builtin(ASL_BUILTIN_HANDS), may go at once. */
    explicit Finder(const Model &model, const FinderOptions &options = {}) {
        *this = own(asl_finder_create, model.native(), &options);
    }

    /** The most certain hand; `inferer.classify(picture, hand.found ? &hand.box : nullptr)`. */
    asl_hand find(const View &picture, const Rect *region = nullptr) {
        asl_hand hand = asl_hand();
        hand.struct_size = static_cast<uint32_t>(sizeof hand);
        detail::call(asl_finder_find, &hand, native(), &picture, region);
        return hand;
    }
    /** Which backend runs and why. */
    std::string backend() const { return text_of(asl_finder_backend(native())); }
};

/** What a Trainer calls, on the thread that is in run(). A function that throws stops the training
 * after the batch, with the checkpoint written, and run() throws it on. */
struct TrainerCallbacks {
    std::function<void(const asl_train_progress &)> progress;
    std::function<void(const asl_epoch_metrics &)> epoch;
    std::function<void(asl_status, const char *)> warning;
    /** See asl_all_reduce_fn; throws when a rank is lost. */
    std::function<void(float *values, size_t count)> all_reduce;
};

namespace detail {

/** The callbacks where a trainer finds them, and the first exception of theirs. */
class TrainerCalls {
public:
    explicit TrainerCalls(TrainerCallbacks &&callbacks)
        : trainer(nullptr), fn_(std::move(callbacks)), thrown_() {}

    asl_trainer *trainer;

    void install(asl_trainer_options &options) noexcept {
        if (!fn_.progress && !fn_.epoch && !fn_.warning && !fn_.all_reduce)
            return;
        options.on_progress = fn_.progress ? progress : nullptr;
        options.on_epoch = fn_.epoch ? epoch : nullptr;
        options.on_warning = fn_.warning ? warning : nullptr;
        options.all_reduce = fn_.all_reduce ? all_reduce : nullptr;
        options.user = this;
    }
    void rethrow() {
        std::exception_ptr thrown;
        thrown.swap(thrown_);
        if (thrown)
            std::rethrow_exception(thrown);
    }

private:
    template <typename Call> asl_status guard(const Call &call) noexcept {
        try {
            call();
            return ASL_OK;
        } catch (...) {
            if (!thrown_)
                thrown_ = std::current_exception();
            asl_trainer_request_stop(trainer);
            return ASL_ERR_SYSTEM;
        }
    }
    template <typename Fn, typename... Args>
    static void tell(void *user, Fn TrainerCallbacks::*fn, const Args &...args) noexcept {
        TrainerCalls *self = static_cast<TrainerCalls *>(user);
        if (!self->thrown_)
            self->guard([&] { (self->fn_.*fn)(args...); });
    }
    static void progress(const asl_train_progress *now, void *user) noexcept {
        tell(user, &TrainerCallbacks::progress, *now);
    }
    static void epoch(const asl_epoch_metrics *metrics, void *user) noexcept {
        tell(user, &TrainerCallbacks::epoch, *metrics);
    }
    static void warning(asl_status code, const char *message, void *user) noexcept {
        tell(user, &TrainerCallbacks::warning, code, message);
    }
    /* Also after an exception: the ranks agree on stopping through it. */
    static asl_status all_reduce(float *values, size_t count, void *user) noexcept {
        TrainerCalls *self = static_cast<TrainerCalls *>(user);
        return self->guard([=] { self->fn_.all_reduce(values, count); });
    }

    TrainerCallbacks fn_;
    std::exception_ptr thrown_;
};

} // namespace detail

/** A training run. Callbacks take the place of all those in the options. */
class Trainer : public detail::Handle<Trainer, asl_trainer, asl_trainer_free> {
public:
    using Handle::Handle;

    /** `validation` may be empty: `asl::Dataset()`. */
    Trainer(const Model &model, const Dataset &train, const Dataset &validation,
            TrainerOptions options = {}, TrainerCallbacks callbacks = {})
        : calls_(new detail::TrainerCalls(std::move(callbacks))) {
        calls_->install(options);
        adopt(asl_trainer_create, model.native(), train.native(), validation.native(), &options);
    }
    static Trainer resume(const std::string &checkpoint, const Dataset &train,
                          const Dataset &validation, TrainerOptions options = {},
                          TrainerCallbacks callbacks = {}) {
        Trainer trainer;
        trainer.calls_.reset(new detail::TrainerCalls(std::move(callbacks)));
        trainer.calls_->install(options);
        trainer.adopt(asl_trainer_resume, detail::c_text(checkpoint), train.native(),
                      validation.native(), &options);
        trainer.calls_->rethrow();
        return trainer;
    }

    /** Trains on: true at the end of the last epoch, false when stopped before. */
    bool run() {
        Err err;
        const asl_status status = asl_trainer_run(native(), err);
        if (calls_)
            calls_->rethrow();
        return err.check(status) != ASL_STOPPED;
    }
    /** From any thread or signal handler. */
    void request_stop() noexcept { asl_trainer_request_stop(native()); }
    void save_checkpoint(const std::string &path) const {
        detail::call(asl_trainer_save_checkpoint, native(), detail::c_text(path));
    }
    /** The weights as they are now. */
    Model model() const { return make<Model>(asl_trainer_get_model); }
    /** The weights after the best epoch. */
    Model best_model() const { return make<Model>(asl_trainer_get_best_model); }
    int32_t epoch_count() const noexcept { return asl_trainer_epoch_count(native()); }
    asl_epoch_metrics epoch(int32_t i) const {
        return get<asl_epoch_metrics>(asl_trainer_get_epoch, i);
    }
    /** Accuracy on a source of the validation set after that epoch; NaN when not known. */
    double source_accuracy(int32_t epoch, int32_t source) const noexcept {
        return asl_trainer_source_accuracy(native(), epoch, source);
    }
    std::string backend() const { return text_of(asl_trainer_backend(native())); }

private:
    using Handle::release; // the callbacks stay here

    template <typename Fn, typename... Args> void adopt(Fn fn, Args... args) {
        Handle::operator=(Handle(detail::made<asl_trainer>(fn, args...)));
        calls_->trainer = native();
    }

    std::unique_ptr<detail::TrainerCalls> calls_;
};

/** The defaults of a method and a profile. */
inline SpellerOptions speller_options(int32_t method, int32_t profile) {
    SpellerOptions options;
    detail::call(asl_speller_options_preset, &options, method, profile);
    return options;
}

/** From scores over time to text. */
class Speller : public detail::Handle<Speller, asl_speller, asl_speller_free> {
public:
    using Handle::Handle;

    /** The model is not kept. */
    explicit Speller(const Model &model, const SpellerOptions &options = {}) {
        *this = own(asl_speller_create_for_model, model.native(), &options);
    }
    explicit Speller(const std::vector<std::string> &labels, const SpellerOptions &options = {}) {
        const std::vector<const char *> names = detail::c_texts(labels);
        *this = own(asl_speller_create, names.data(), static_cast<int32_t>(names.size()), &options);
    }

    /** How much the hand moves; optional, before each push(). */
    double look(const View &picture, const Rect *region = nullptr) {
        double motion = 0.0;
        detail::call(asl_speller_look, &motion, native(), &picture, region);
        return motion;
    }
    /** False for a second frame of the same time, which is ignored. */
    bool push(const float *scores, size_t count, int64_t time_ns,
              const asl_speller_hints *hints = nullptr) {
        return detail::call(asl_speller_push, native(), scores, count, time_ns, hints) == ASL_OK;
    }
    bool push(const std::vector<float> &scores, int64_t time_ns,
              const asl_speller_hints *hints = nullptr) {
        return push(scores.data(), scores.size(), time_ns, hints);
    }

    /** Events of the last push or edit, valid until the next. */
    int32_t event_count() const noexcept { return asl_speller_event_count(native()); }
    asl_speller_event event(int32_t i) const {
        return get<asl_speller_event>(asl_speller_get_event, i);
    }
    std::vector<asl_speller_event> events() const {
        std::vector<asl_speller_event> out;
        for (int32_t i = 0; i < event_count(); i++)
            out.push_back(event(i));
        return out;
    }

    std::string text() const { return text_of(asl_speller_text(nullptr, native())); }
    /** One value per class, valid until the next push; NULL when empty. */
    const double *belief() const noexcept { return asl_speller_belief(native()); }
    void backspace() { detail::call(asl_speller_backspace, native()); }
    void insert(const std::string &text) {
        detail::call(asl_speller_insert, native(), detail::c_text(text));
    }
    void clear() { detail::call(asl_speller_clear, native()); }
    void reset() noexcept { asl_speller_reset(native()); }
    /** The number of different words in the list. */
    int64_t set_words(const std::string &list, int64_t *skipped = nullptr) {
        int64_t used = 0;
        detail::call(asl_speller_set_words, &used, skipped, native(), list.data(), list.size());
        return used;
    }
    int64_t load_words(const std::string &path, int64_t *skipped = nullptr) {
        int64_t used = 0;
        detail::call(asl_speller_load_words, &used, skipped, native(), detail::c_text(path));
        return used;
    }
    int32_t suggestion_count() const noexcept { return asl_speller_suggestion_count(native()); }
    std::string suggestion(int32_t i) const {
        return name(asl_speller_suggestion, i, "suggestion");
    }
    void apply_suggestion(int32_t i) { detail::call(asl_speller_apply_suggestion, native(), i); }
};

} // namespace asl

#endif /* ASL_ASL_HPP */
