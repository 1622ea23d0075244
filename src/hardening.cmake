# What makes a fault of ours, or a file from the internet, harder to turn into somebody else's program: the target
# cytofleet_hardening, which every target of ours links. tests/style/check_binaries reads it back from what was built.
include(CheckCXXCompilerFlag)
include(CheckCXXSourceCompiles)
include(CheckLinkerFlag)

# Programs get the run path that they are installed with: CMake pads its other one with empty entries, and an empty entry
# is the current folder to the loader. Folders of linked libraries outside the loader's own go in, in full.
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

add_library(cytofleet_hardening INTERFACE)

# The option for C++ and, through nvcc, for the host's side of CUDA. Not in Debug builds, where `optimised` is said.
function(harden option optimised)
    if(optimised)
        set(where "$<NOT:$<CONFIG:Debug>>")
    else()
        set(where "1")
    endif()
    target_compile_options(cytofleet_hardening INTERFACE
        "$<$<AND:${where},$<COMPILE_LANGUAGE:CXX>>:${option}>"
        "$<$<AND:${where},$<COMPILE_LANGUAGE:CUDA>>:-Xcompiler=${option}>")
endfunction()

# Nothing is bound late, so tables of functions are read-only when main() starts; programs lie at random addresses.
foreach(option relro now noexecstack)
    check_linker_flag(CXX "LINKER:-z,${option}" CYTOFLEET_LINKS_${option})
    if(CYTOFLEET_LINKS_${option})
        target_link_options(cytofleet_hardening INTERFACE "LINKER:-z,${option}")
    endif()
endforeach()
check_cxx_compiler_flag("-fPIE -pie" CYTOFLEET_COMPILES_PIE)
if(CYTOFLEET_COMPILES_PIE)
    harden(-fPIE FALSE)
    target_link_options(cytofleet_hardening INTERFACE
        $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)
endif()

# For libraries in C that are loaded at run time; they have nothing that canaries or checked calls could guard.
function(harden_module target)
    target_link_options(${target} PRIVATE LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)
    check_cxx_compiler_flag(-fcf-protection CYTOFLEET_COMPILES_cf_protection)
    if(CYTOFLEET_COMPILES_cf_protection)
        target_compile_options(${target} PRIVATE -fcf-protection)
    endif()
endfunction()

# Sanitizers see more than the rest does, and _FORTIFY_SOURCE hides calls from them.
if(CYTOFLEET_SANITIZE)
    return()
endif()
foreach(option stack-protector-strong cf-protection)
    string(MAKE_C_IDENTIFIER "CYTOFLEET_COMPILES_${option}" known)
    check_cxx_compiler_flag(-f${option} ${known})
    if(${known})
        harden(-f${option} FALSE)
    endif()
endforeach()
foreach(level 3 2)
    # Older headers take 3 for 2 with or without a warning.
    set(CMAKE_REQUIRED_FLAGS "-O2 -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=${level}")
    check_cxx_source_compiles("#include <cstring>
        #if __USE_FORTIFY_LEVEL != ${level}
        #error not here
        #endif
        int main() { return 0; }" CYTOFLEET_FORTIFIES_${level})
    unset(CMAKE_REQUIRED_FLAGS)
    if(CYTOFLEET_FORTIFIES_${level})
        # Without the -U a value that the compiler brings along is a warning.
        harden(-U_FORTIFY_SOURCE TRUE)
        harden(-D_FORTIFY_SOURCE=${level} TRUE)
        break()
    endif()
endforeach()
