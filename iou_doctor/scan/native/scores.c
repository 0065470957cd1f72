#include "kernels.h"

/* A place for the kernel that measures scores. */
EXPORTED int64_t KERNEL(measure_scores)(void);

int64_t KERNEL(measure_scores)(void)
{
    return 0;
}
