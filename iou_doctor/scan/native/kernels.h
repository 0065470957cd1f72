/* What the sources of the kernels share: how exported functions are named and declared.
 *
 * labels.c and scores.c are compiled once for each variant of the processor. VARIANT is its name,
 * so that KERNEL(count_labels) is count_labels_avx2, for example. dispatch.c is compiled once.
 */

#ifndef IOU_DOCTOR_KERNELS_H
#define IOU_DOCTOR_KERNELS_H

#include <stdint.h>

/* Increase it with every change of the functions, and ABI in library.py too. */
#define ABI 1

#ifdef _WIN32
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED __attribute__((visibility("default")))
#endif

#define JOIN_NAMES(name, variant) name##_##variant
#define JOIN(name, variant) JOIN_NAMES(name, variant)
#define KERNEL(name) JOIN(name, VARIANT)

#endif
