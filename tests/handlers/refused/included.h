// What the programs here include, compiled once for all of them.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "appd/handlers/typed/typed.h"
