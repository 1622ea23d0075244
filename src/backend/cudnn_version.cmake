# Which cuDNN is new enough; a file of its own so that tests/gpu/cudnn_version_test can ask it.
# Plans for devices that are only described need cuDNN 9.8, kernels kept in a graph's cache 9.5, such a cache as a text 9.10.
set(CYTOFLEET_CUDNN_NEEDED 9.10)

# Stops when the headers in that folder are of an older cuDNN, or of a later major version.
function(cytofleet_check_cudnn folder)
    set(found "")
    if(EXISTS ${folder}/cudnn_version.h)
        file(STRINGS ${folder}/cudnn_version.h lines REGEX "define CUDNN_(MAJOR|MINOR|PATCHLEVEL) +[0-9]+")
        if(lines MATCHES "MAJOR +([0-9]+).*MINOR +([0-9]+).*PATCHLEVEL +([0-9]+)")
            set(found ${CMAKE_MATCH_1}.${CMAKE_MATCH_2}.${CMAKE_MATCH_3})
        endif()
    endif()
    if(NOT found)
        message(FATAL_ERROR "CYTOFLEET_CUDA needs cuDNN ${CYTOFLEET_CUDNN_NEEDED} or a later 9.x: ${folder} has a cudnn.h "
            "without the cudnn_version.h that tells which one it is. Install all of cuDNN's headers, or name another "
            "folder with -DCUDNN_ROOT=...")
    elseif(found VERSION_LESS CYTOFLEET_CUDNN_NEEDED OR found VERSION_GREATER_EQUAL 10)
        message(FATAL_ERROR "CYTOFLEET_CUDA needs cuDNN ${CYTOFLEET_CUDNN_NEEDED} or a later 9.x; ${folder} has ${found}. "
            "Install a newer one (NVIDIA's package libcudnn9-dev-cuda-${CUDAToolkit_VERSION_MAJOR}, or Python's "
            "nvidia-cudnn-cu${CUDAToolkit_VERSION_MAJOR} with -DCUDNN_ROOT=.../site-packages/nvidia/cudnn), or build with "
            "-DCYTOFLEET_CUDA=OFF.")
    endif()
    message(STATUS "cuDNN ${found}: ${folder}")
endfunction()
