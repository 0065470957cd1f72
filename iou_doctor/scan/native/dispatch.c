/* Say which variants of the kernels this processor can run.
 *
 * HAS_AVX2, HAS_AVX512 and HAS_NEON say which variants the library has besides the portable one.
 * The processor is asked by hand, because __builtin_cpu_supports is always false with zig cc.
 */

#include "kernels.h"

EXPORTED int64_t iou_doctor_abi(void);
EXPORTED const char *iou_doctor_variants(void);

/* Return a number that changes with the functions of the library. */
int64_t iou_doctor_abi(void)
{
    return ABI;
}

#if HAS_AVX2 || HAS_AVX512
#include <cpuid.h>

#define HAS_ALL(found, wanted) (((found) & (wanted)) == (wanted))

/* Bits of CPUID that each variant needs: leaf 1 ECX, leaf 7 EBX and ECX, leaf 0x80000001 ECX. */
#define FMA_POPCNT_OSXSAVE_AVX_F16C (1u << 12 | 1u << 23 | 1u << 27 | 1u << 28 | 1u << 29)
#define BMI_AVX2_BMI2 (1u << 3 | 1u << 5 | 1u << 8)
#define LZCNT (1u << 5)
#define AVX512_F_DQ_BW_VL (1u << 16 | 1u << 17 | 1u << 30 | 1u << 31)
#define AVX512_VBMI2 (1u << 6)

/* Bits of XCR0: registers that the operating system saves when it switches threads. */
#define XMM_YMM (1u << 1 | 1u << 2)
#define MASKS_ZMM (1u << 5 | 1u << 6 | 1u << 7)

static uint32_t read_saved_registers(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static int runs_avx2(void)
{
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !HAS_ALL(ecx, FMA_POPCNT_OSXSAVE_AVX_F16C))
        return 0;
    if (!__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) || !HAS_ALL(ecx, LZCNT))
        return 0;
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || !HAS_ALL(ebx, BMI_AVX2_BMI2))
        return 0;
    return HAS_ALL(read_saved_registers(), XMM_YMM);
}

static int runs_avx512(void)
{
    unsigned eax, ebx, ecx, edx;
    return runs_avx2() && __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) &&
           HAS_ALL(ebx, AVX512_F_DQ_BW_VL) && HAS_ALL(ecx, AVX512_VBMI2) &&
           HAS_ALL(read_saved_registers(), MASKS_ZMM);
}
#endif

/* Return the variants that the library has and this processor can run, the best first, separated by
 * spaces. */
const char *iou_doctor_variants(void)
{
#if HAS_AVX512
    if (runs_avx512())
        return "avx512 avx2 portable";
#endif
#if HAS_AVX2
    if (runs_avx2())
        return "avx2 portable";
#endif
#if HAS_NEON
    return "neon portable";
#else
    return "portable";
#endif
}
