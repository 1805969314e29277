/* SPDX-License-Identifier: MIT */
/* Pictures of hands in, text out: each picture is held before the recogniser as a signer would hold
 * it before a camera, at thirty frames a second. A host with a camera has frames of its own and
 * calls the same three functions: look, classify, push.
 *
 *     c++ -std=c++11 spell.cpp $(pkg-config --cflags --libs asl) -o spell
 *     ./spell model.safetensors h.jpg i.jpg
 */
#include <asl/asl.hpp>

#include <cstdio>
#include <exception>

namespace {

constexpr std::int64_t frame_ns = 1000000000 / 30;
constexpr int frames_held = 20;

class Signer {
public:
    explicit Signer(const asl::Model &model) : inferer_(model), speller_(model), time_ns_(0) {}

    void show(const asl::Image &image) {
        const asl::View view = image.view();
        const std::vector<float> scores = inferer_.classify(view);
        for (int i = 0; i < frames_held; i++) {
            speller_.look(view);
            speller_.push(scores, time_ns_);
            time_ns_ += frame_ns;
            for (const asl_speller_event &event : speller_.events())
                tell(event);
        }
    }
    std::string text() const { return speller_.text(); }

private:
    static void tell(const asl_speller_event &event) {
        if (event.kind == ASL_SPELLER_COMMIT || event.kind == ASL_SPELLER_DELETE)
            std::fprintf(stderr, "%6.2f s  '%s' is %s, belief %.2f\n",
                         static_cast<double>(event.time_ns) / 1e9, event.text,
                         event.kind == ASL_SPELLER_COMMIT ? "written" : "taken back", event.belief);
    }

    asl::Inferer inferer_;
    asl::Speller speller_;
    std::int64_t time_ns_;
};

} // namespace

int main(int argc, char **argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: %s MODEL PICTURE...\n", argv[0]);
        return 2;
    }
    try {
        Signer signer(asl::Model::load(argv[1]));
        for (int i = 2; i < argc; i++)
            signer.show(asl::Image::load(argv[i]));
        std::printf("%s\n", signer.text().c_str());
        return 0;
    } catch (const std::exception &failure) {
        std::fprintf(stderr, "%s: %s\n", argv[0], failure.what());
        return 1;
    }
}
