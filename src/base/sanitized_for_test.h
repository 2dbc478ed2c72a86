#pragma once

// QUERN_SANITIZED is defined where a sanitizer's runtime is part of the program: it takes memory of its own, and keeps
// what it was given.

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define QUERN_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define QUERN_SANITIZED 1
#endif
#endif
