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
 *     asl::Inferer inferer(asl::Model::load("model.safetensors"));
 *     asl::Image image = asl::Image::load("hand.jpg");
 *     std::vector<float> scores = inferer.classify(image.view());
 * @endcode
 */
#ifndef ASL_ASL_HPP
#define ASL_ASL_HPP

#include <asl/asl.h>

#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace asl {

/** A failed call. what() is the library's message. */
class error : public std::runtime_error {
public:
    explicit error(const asl_error &raw)
        : std::runtime_error(raw.message), code_(raw.code), sys_errno_(raw.sys_errno),
          offset_(raw.offset) {}
    error(asl_status code, const std::string &message)
        : std::runtime_error(message), code_(code), sys_errno_(0), offset_(-1) {}

    /** ASL_ERR_... */
    asl_status code() const noexcept { return code_; }
    const char *name() const noexcept { return asl_status_name(code_); }
    /** errno of the failed system call, or 0. */
    int32_t sys_errno() const noexcept { return sys_errno_; }
    /** Byte, row or item the error is about, or -1. */
    int64_t offset() const noexcept { return offset_; }

private:
    asl_status code_;
    int32_t sys_errno_;
    int64_t offset_;
};

/** Pixels of the host; see view(). */
using View = asl_image_view;
using Rect = asl_rect;

/** For C calls that have no place here: `asl::Err err; err.check(asl_...(..., err));` */
class Err {
public:
    Err() noexcept : raw_() { raw_.struct_size = static_cast<uint32_t>(sizeof raw_); }
    operator asl_error *() noexcept { return &raw_; }
    /** Throws for a failure, returns anything else. */
    asl_status check(asl_status status) const {
        if (status < 0)
            throw error(raw_);
        return status;
    }

private:
    asl_error raw_;
};

namespace detail {

/** The text as C has it; one with a NUL inside would be cut short there without a word. */
inline const char *c_text(const std::string &text) {
    if (text.find('\0') != std::string::npos)
        throw error(ASL_ERR_ARG, "the text '" + std::string(text.c_str()) +
                                     "' goes on after a NUL byte; remove it");
    return text.c_str();
}

/** fn(args..., err), which throws or returns a note. */
template <typename Fn, typename... Args> asl_status call(Fn fn, Args... args) {
    Err err;
    return err.check(fn(args..., err));
}

/** The handle that fn(&out, args..., err) makes. */
template <typename T, typename Fn, typename... Args> T *made(Fn fn, Args... args) {
    T *out = nullptr;
    call(fn, &out, args...);
    return out;
}

/** The owner of one handle, for the class Self. */
template <typename Self, typename T, void (*Free)(T *)> class Handle {
public:
    using native_type = T;
    Handle() noexcept : raw_(nullptr) {}
    /** Takes over `raw`. */
    explicit Handle(T *raw) noexcept : raw_(raw) {}
    Handle(Handle &&other) noexcept : raw_(other.release()) {}
    Handle &operator=(Handle &&other) noexcept {
        T *raw = other.release();
        Free(raw_);
        raw_ = raw;
        return *this;
    }
    Handle(const Handle &) = delete;
    Handle &operator=(const Handle &) = delete;
    ~Handle() { Free(raw_); }

    /** Whether there is a handle. */
    explicit operator bool() const noexcept { return raw_ != nullptr; }
    T *native() const noexcept { return raw_; }
    /** Gives the handle away: the caller frees it. */
    T *release() noexcept {
        T *raw = raw_;
        raw_ = nullptr;
        return raw;
    }

protected:
    /** What fn(&out, args..., err) makes. */
    template <typename Fn, typename... Args> static Self own(Fn fn, Args... args) {
        return Self(made<T>(fn, args...));
    }
    /** Another handle that fn(&out, this, args..., err) makes. */
    template <typename Other, typename Fn, typename... Args> Other make(Fn fn, Args... args) const {
        return Other(made<typename Other::native_type>(fn, raw_, args...));
    }
    /** What fn(&out, this, args..., err) writes into a struct that tells its size. */
    template <typename Out, typename Fn, typename... Args> Out get(Fn fn, Args... args) const {
        Out out = Out();
        out.struct_size = static_cast<uint32_t>(sizeof out);
        call(fn, &out, raw_, args...);
        return out;
    }
    /** A copy of a string of the library. */
    static std::string text_of(const char *text) { return text ? text : ""; }
    /** A copy of the string fn(this, i), which is NULL for an index out of range. */
    template <typename Fn> std::string name(Fn fn, int32_t i, const char *what) const {
        const char *text = fn(raw_, i);
        if (!text)
            throw error(ASL_ERR_ARG, std::string("no ") + what + " " + std::to_string(i));
        return text;
    }

private:
    T *raw_;
};

/** The caller's progress function, called through C: an exception stops the work and is kept. */
struct Progress {
    const std::function<bool(int64_t, int64_t)> &fn;
    std::exception_ptr thrown;

    static int32_t call(int64_t done, int64_t total, void *user) noexcept {
        Progress *self = static_cast<Progress *>(user);
        try {
            return self->fn(done, total) ? 1 : 0;
        } catch (...) {
            self->thrown = std::current_exception();
            return 1;
        }
    }
};

/** What fn(&out, args..., &options, err) makes while `watch`, if any, is told how far it is. */
template <typename Owner, typename Options, typename Fn, typename... Args>
Owner watched(Options options, const std::function<bool(int64_t, int64_t)> &watch, Fn fn,
              Args... args) {
    Err err;
    Progress progress = {watch, std::exception_ptr()};
    typename Owner::native_type *out = nullptr;
    if (watch) {
        options.progress = Progress::call;
        options.user = &progress;
    }
    const asl_status status = fn(&out, args..., &options, err);
    Owner owner(out);
    if (progress.thrown)
        std::rethrow_exception(progress.thrown);
    err.check(status);
    return owner;
}

} // namespace detail

/** A view of pixels with rows `stride` bytes apart; 0 means without gaps. Only borrows them. */
inline View view(const uint8_t *pixels, int32_t width, int32_t height,
                 int32_t format = ASL_FORMAT_RGB24, int64_t stride = 0) noexcept {
    const bool four = format == ASL_FORMAT_RGBA32 || format == ASL_FORMAT_BGRA32;
    const bool three = format == ASL_FORMAT_RGB24 || format == ASL_FORMAT_BGR24;
    const int64_t bytes = four ? 4 : three ? 3 : format == ASL_FORMAT_YUYV ? 2 : 1;
    return View{pixels, width, height, stride != 0 ? stride : bytes * width, format, 0};
}

/* Options with their defaults. Set fields before they are used, as in C. */
#define ASL_HPP_OPTIONS(name, type)                                                                \
    struct name : type {                                                                           \
        name() noexcept : type() { type##_init(this, sizeof(type)); }                              \
    }
ASL_HPP_OPTIONS(DecodeOptions, asl_decode_options);
ASL_HPP_OPTIONS(DatasetOptions, asl_dataset_options);
ASL_HPP_OPTIONS(SplitOptions, asl_split_options);
ASL_HPP_OPTIONS(PackOptions, asl_pack_options);
ASL_HPP_OPTIONS(ModelOptions, asl_model_options);
ASL_HPP_OPTIONS(InfererOptions, asl_inferer_options);
ASL_HPP_OPTIONS(EvaluateOptions, asl_evaluate_options);
ASL_HPP_OPTIONS(TrainerOptions, asl_trainer_options);
ASL_HPP_OPTIONS(SpellerOptions, asl_speller_options);
#undef ASL_HPP_OPTIONS

/** Told of work done and to do; returns true to stop, and then there is no result. */
using Watch = std::function<bool(int64_t done, int64_t total)>;

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

struct Split;

/** Labelled pictures. */
class Dataset : public detail::Handle<Dataset, asl_dataset, asl_dataset_free> {
public:
    using Handle::Handle;

    /** What was skipped is in issue(). */
    static Dataset open(const std::string &path, const DatasetOptions &options = {}) {
        return own(asl_dataset_open, detail::c_text(path), &options);
    }

    int64_t count() const noexcept { return asl_dataset_count(native()); }
    int32_t class_count() const noexcept { return asl_dataset_class_count(native()); }
    std::string class_name(int32_t i) const { return name(asl_dataset_class_name, i, "class"); }
    int32_t group_count() const noexcept { return asl_dataset_group_count(native()); }
    std::string group_name(int32_t i) const { return name(asl_dataset_group_name, i, "group"); }
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

    void save(const std::string &path) const {
        detail::call(asl_model_save, native(), detail::c_text(path));
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
};

/** How a model did on a data set. */
class Evaluation : public detail::Handle<Evaluation, asl_evaluation, asl_evaluation_free> {
public:
    using Handle::Handle;

    asl_evaluation_info info() const { return get<asl_evaluation_info>(asl_evaluation_get_info); }
    /** Row = true class, column = predicted; NULL when empty. Lives as long as the evaluation. */
    const int64_t *confusion() const noexcept { return asl_evaluation_confusion(native()); }
    asl_issue issue(int64_t i) const { return get<asl_issue>(asl_evaluation_get_issue, i); }
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
    Evaluation evaluate(const Dataset &dataset, const EvaluateOptions &options = {},
                        const Watch &watch = Watch()) {
        return detail::watched<Evaluation>(options, watch, asl_inferer_evaluate, native(),
                                           dataset.native());
    }

private:
    size_t label_count_;
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
        std::vector<const char *> names;
        for (const std::string &label : labels)
            names.push_back(detail::c_text(label));
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
