// NAME=VALUE, as typed, to the header fields of a request.
#pragma once

#include <string>
#include <vector>

#include "appd/clients/client_error.h"
#include "appd/clients/request.h"

namespace appd::clients {

// Each of `fields` once, whatever the case of its name. A field with a place in Request goes there
// if its value is of the right kind; one of a wrong kind is sent as it is, for the server to judge.
// Errors: kInvalidRequest without "=", for a name that is empty, given twice, or byteorder or
// content-length, and for what is not UTF-8.
[[nodiscard]] Result<void> add_header_fields(const std::vector<std::string>& fields,
                                             Request& request);

}  // namespace appd::clients
