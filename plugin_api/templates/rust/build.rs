//! What the linker is told: everything resolved at load, nothing left to others.
fn main() {
    for argument in ["-Wl,-z,now", "-Wl,-z,noexecstack", "-Wl,-z,defs", "-Wl,-Bsymbolic"] {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
}
