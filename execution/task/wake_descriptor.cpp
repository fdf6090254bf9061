// SPDX-License-Identifier: Apache-2.0
#include "execution/task/wake_descriptor.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

namespace weir {

WakeDescriptor::WakeDescriptor() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) throw std::runtime_error(std::string("no eventfd: ") + std::strerror(errno));
}

WakeDescriptor::~WakeDescriptor() { ::close(descriptor_); }

void WakeDescriptor::signal() {
  const std::uint64_t one = 1;
  (void)!::write(descriptor_, &one, sizeof one);  // full means that it is signalled already
}

void WakeDescriptor::await_readable(int other) {
  pollfd waits[2] = {{other, POLLIN, 0}, {descriptor_, POLLIN, 0}};
  while (::poll(waits, 2, -1) < 0) {
    if (errno != EINTR) throw std::runtime_error(std::string("poll failed: ") + std::strerror(errno));
  }
  std::uint64_t count = 0;
  if ((waits[1].revents & POLLIN) != 0) (void)!::read(descriptor_, &count, sizeof count);
}

}  // namespace weir
