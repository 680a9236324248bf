// Where the system's poller is epoll.
#pragma once

#include "tests/support/backend_under_test.h"

namespace appd::testing {
using EpollUnderTest = SystemUnderTest;
}  // namespace appd::testing

TYPE_TO_STRING(appd::testing::EpollUnderTest);

#define APPD_TESTED_BACKENDS \
  appd::testing::EpollUnderTest, appd::testing::KqueueUnderTest, appd::testing::CalmUnderTest
