/* SPDX-License-Identifier: MIT */
/* The files of lib/model/builtin as bytes of the library. The assembler puts them there as they
 * are: as a C array each would be megabytes of source. The build names the files. */
#include "model/builtin.h"

#include "asl/model.h"

#if defined(ASL__LETTERS_FILE) || defined(ASL__HANDS_FILE)
/* The bytes of `path` between the symbols NAME and NAME_end. */
#define EMBED(name, path)                                                                          \
    __asm__(".pushsection .rodata\n"                                                               \
            ".balign 16\n"                                                                         \
            ".hidden " #name "\n.globl " #name "\n" #name ":\n"                                    \
            ".incbin \"" path "\"\n"                                                               \
            ".hidden " #name "_end\n.globl " #name "_end\n" #name "_end:\n"                        \
            ".byte 0\n"                                                                            \
            ".popsection");                                                                        \
    extern const uint8_t name[], name##_end[];
#define EMBEDDED(name)                                                                             \
    (asl__builtin)                                                                                 \
    {                                                                                              \
        name, (size_t)(name##_end - name)                                                          \
    }
#endif

#ifdef ASL__LETTERS_FILE
EMBED(asl__builtin_letters, ASL__LETTERS_FILE)
#endif
#ifdef ASL__HANDS_FILE
EMBED(asl__builtin_hands, ASL__HANDS_FILE)
#endif

asl__builtin asl__builtin_file(int32_t which)
{
#ifdef ASL__LETTERS_FILE
    if (which == ASL_BUILTIN_LETTERS)
        return EMBEDDED(asl__builtin_letters);
#endif
#ifdef ASL__HANDS_FILE
    if (which == ASL_BUILTIN_HANDS)
        return EMBEDDED(asl__builtin_hands);
#endif
    (void)which;
    return (asl__builtin){0};
}
