// SPDX-License-Identifier: MIT
// As spell.c, through the C++ layer.
#include <algorithm>
#include <asl/asl.hpp>
#include <iostream>

int main()
{
    try {
        asl::Model::create("tiny").save("tiny.safetensors");
        const asl::Model model = asl::Model::load("tiny.safetensors");
        asl::Image drawn = asl::Image::create(80, 60);
        std::fill_n(drawn.pixels(), 80 * 60 * 3, uint8_t(128));
        drawn.save("grey.jpg");
        const asl::Image image = asl::Image::load("grey.jpg");
        const std::vector<float> scores = asl::Inferer(model).classify(image.view());
        const auto best = std::max_element(scores.begin(), scores.end()) - scores.begin();
        std::cout << model.label(int32_t(best)) << ' ' << asl_version() << '\n';
    } catch (const asl::error &failure) {
        std::cerr << failure.what() << '\n';
        return 1;
    }
}
