/* SPDX-License-Identifier: BSD-3-Clause */
/* The floor's program: descriptor 3 is its channel, its argument the namespaces of the session. */
#include "floor.h"

#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char byte = 0;

	if (argc != 2 || floor_set_up(3, (unsigned)strtoul(argv[1], NULL, 16)) < 0 || write(3, &byte, 1) != 1)
		return 1;
	return read(3, &byte, 1) < 0; /* until the other end is closed */
}
