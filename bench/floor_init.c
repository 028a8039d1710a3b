/* SPDX-License-Identifier: BSD-3-Clause */
/* The floor's program: descriptor 3 is its channel. */
#include "floor.h"

#include <unistd.h>

int main(void)
{
	char byte = 0;

	if (floor_set_up() < 0 || write(3, &byte, 1) != 1)
		return 1;
	return read(3, &byte, 1) < 0; /* until the other end is closed */
}
