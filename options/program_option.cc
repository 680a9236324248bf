#include "appd/options/program_option.h"

namespace appd::options {

ProgramOption program_option(const std::string& name, const std::string& help,
                             std::string& variable) {
  return internal::program_option<std::string>(variable, [name, help](std::string& parsed) {
    return text_option(name, "TEXT", help, parsed);
  });
}

}  // namespace appd::options
