/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * In the helper's place, for tests that must do something while a session opens: waits until /srv/gate/closed is gone, if it is
 * there, or for 20 s; then it is the real helper, which the test has put to /srv/gate/helper.
 */
#include <sys/prctl.h>
#include <unistd.h>

int main(void)
{
	static char *const argv[] = {(char *)"nsunshare-init", NULL};
	static char *const envp[] = {NULL};

	prctl(PR_SET_NAME, "slow-helper", 0, 0, 0);
	for (int i = 0; i < 4000 && access("/srv/gate/closed", F_OK) == 0 && access("/srv/gate/go", F_OK) < 0; i++)
		usleep(5000);
	execve("/srv/gate/helper", argv, envp);
	return 1;
}
