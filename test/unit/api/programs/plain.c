// SPDX-License-Identifier: Apache-2.0
// A shared library that has nothing to do with us.
int plain(void);
int plain(void) { return 42; }
