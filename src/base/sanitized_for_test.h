#pragma once

// Defines QUERN_SANITIZED if the program contains a sanitizer's runtime, which allocates memory of its own and keeps
// what was allocated. Defines QUERN_THREAD_SANITIZED as well if it is the thread sanitizer, with which waking a thread
// is slow.

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define QUERN_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define QUERN_SANITIZED 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define QUERN_THREAD_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define QUERN_THREAD_SANITIZED 1
#endif
#endif
