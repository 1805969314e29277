/* SPDX-License-Identifier: MIT */
/* The version, the name, and the texts of the statuses from the one table in asl/base.h. */
#include "asl/base.h"

#define TEXT(x)  #x
#define VALUE(x) TEXT(x)

const char *asl_version(void)
{
    return VALUE(ASL_VERSION_MAJOR) "." VALUE(ASL_VERSION_MINOR) "." VALUE(ASL_VERSION_PATCH);
}

const char *asl_identity(void)
{
    return "libasl: American Sign Language fingerspelling";
}

const char *asl_status_name(asl_status status)
{
    switch (status) {
#define NAME(name, code, text)                                                                     \
    case (code):                                                                                   \
        return "ASL_" #name;
        ASL_STATUS_TABLE(NAME)
#undef NAME
    default:
        return "ASL_UNKNOWN";
    }
}

const char *asl_status_text(asl_status status)
{
    switch (status) {
#define DESCRIPTION(name, code, text)                                                              \
    case (code):                                                                                   \
        return (text);
        ASL_STATUS_TABLE(DESCRIPTION)
#undef DESCRIPTION
    default:
        return "unknown status";
    }
}
