// Reads what torch.save writes - zip or legacy - without ever running anything in it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tensor/tensor.hpp"

namespace cytofleet {

/// A state dict: float tensors widened to float32 (fp16, bf16, fp64 converted), integer tensors
/// apart.
class Checkpoint {
  public:
    /// Throws Error{model}, one line naming the file, what is wrong and what to do.
    static Checkpoint load(const std::filesystem::path& path);

    const std::filesystem::path& path() const { return path_; }
    const std::string& sha256() const { return sha256_; }  ///< of the file
    const std::string& format() const { return format_; }  ///< "torch zip", "torch legacy"
    /// Names without a leading "module.".
    const std::map<std::string, Tensor>& tensors() const { return tensors_; }
    const std::map<std::string, std::vector<std::int64_t>>& integers() const { return integers_; }
    /// Element type as stored: "float32", "float16", ...
    const std::map<std::string, std::string>& stored_types() const { return stored_types_; }

  private:
    std::filesystem::path path_;
    std::string sha256_;
    std::string format_;
    std::map<std::string, Tensor> tensors_;
    std::map<std::string, std::vector<std::int64_t>> integers_;
    std::map<std::string, std::string> stored_types_;
};

}  // namespace cytofleet
