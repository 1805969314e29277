/* SPDX-License-Identifier: MIT */
/** @file asl/base.hpp
 * What all classes of asl/asl.hpp stand on: errors, the owner of a handle, options, views. Include
 * that one.
 */
#ifndef ASL_BASE_HPP
#define ASL_BASE_HPP

#include <asl/asl.h>

#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
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

/** The texts as C has them, valid while `texts` are. */
inline std::vector<const char *> c_texts(const std::vector<std::string> &texts) {
    std::vector<const char *> out;
    for (const std::string &text : texts)
        out.push_back(c_text(text));
    return out;
}

inline void same_size(const char *what, size_t count, size_t wanted) {
    if (count != wanted)
        throw error(ASL_ERR_ARG, std::to_string(count) + " " + what + " do not fit to " +
                                     std::to_string(wanted) + " data sets");
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
ASL_HPP_OPTIONS(MixOptions, asl_mix_options);
ASL_HPP_OPTIONS(SplitOptions, asl_split_options);
ASL_HPP_OPTIONS(PackOptions, asl_pack_options);
ASL_HPP_OPTIONS(ModelOptions, asl_model_options);
ASL_HPP_OPTIONS(SaveOptions, asl_save_options);
ASL_HPP_OPTIONS(Calibration, asl_calibration);
ASL_HPP_OPTIONS(InfererOptions, asl_inferer_options);
ASL_HPP_OPTIONS(EvaluateOptions, asl_evaluate_options);
ASL_HPP_OPTIONS(FinderOptions, asl_finder_options);
ASL_HPP_OPTIONS(TrainerOptions, asl_trainer_options);
ASL_HPP_OPTIONS(SpellerOptions, asl_speller_options);
#undef ASL_HPP_OPTIONS

/** Told of work done and to do; returns true to stop, and then there is no result. */
using Watch = std::function<bool(int64_t done, int64_t total)>;

} // namespace asl

#endif /* ASL_BASE_HPP */
