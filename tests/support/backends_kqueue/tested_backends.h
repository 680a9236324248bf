// Where the system's poller is kqueue.
#pragma once

#include "tests/support/backend_under_test.h"

#define APPD_TESTED_BACKENDS appd::testing::KqueueUnderTest, appd::testing::CalmUnderTest
