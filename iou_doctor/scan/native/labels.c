#include "kernels.h"

/* A place for the kernel that counts pairs of labels. */
EXPORTED int64_t KERNEL(count_labels)(void);

int64_t KERNEL(count_labels)(void)
{
    return 0;
}
