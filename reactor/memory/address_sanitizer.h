// Whether AddressSanitizer watches, and what it is told: who owns what, as a heap would tell it.
#pragma once

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define APPD_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define APPD_ADDRESS_SANITIZER
#endif
#ifdef APPD_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(begin, bytes) ((void)(begin), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(begin, bytes) ((void)(begin), (void)(bytes))
#endif
