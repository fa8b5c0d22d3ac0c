//! Which GPUs have an instruction for the dot product of four int8. A browser has WGSL's `dot4I8Packed` on all GPUs or on none;
//! where there is no instruction it becomes shifts and multiplications, which take longer than products in f32.

/// What [`GPUAdapterInfo`](https://gpuweb.github.io/gpuweb/#gpuadapterinfo) says of GPUs without the instruction: vendor, and how
/// the name of the architecture begins. The names are those of Dawn's `gpu_info.json`.
const WITHOUT: [(&str, &str); 15] = [
    // Metal's language has no such function, on any GPU.
    ("apple", ""),
    // The first architecture that has it is Xe, gen-12.
    ("intel", "gen-7"),
    ("intel", "gen-8"),
    ("intel", "gen-9"),
    ("intel", "gen-11"),
    // The first is Pascal.
    ("nvidia", "fermi"),
    ("nvidia", "kepler"),
    ("nvidia", "maxwell"),
    // The first that has it in every GPU is rdna-2.
    ("amd", "gcn"),
    ("amd", "rdna-1"),
    // The first that has it in every GPU is Valhall.
    ("arm", "midgard"),
    ("arm", "bifrost"),
    // The first that has it in every GPU is adreno-7xx.
    ("qualcomm", "adreno-4"),
    ("qualcomm", "adreno-5"),
    ("qualcomm", "adreno-6"),
];

/// Whether a GPU has the instruction. One that nothing is known of counts as having it.
pub fn has_instruction(vendor: &str, architecture: &str) -> bool {
    !WITHOUT.iter().any(|(other, start)| vendor == *other && architecture.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_without_the_instruction_are_known() {
        let without =
            [("apple", "metal-3"), ("apple", ""), ("intel", "gen-9"), ("amd", "gcn-5"), ("qualcomm", "adreno-6xx")];
        assert!(without.iter().all(|(vendor, architecture)| !has_instruction(vendor, architecture)));
        let with =
            [("intel", "gen-12lp"), ("intel", "xe-2lpg"), ("nvidia", "pascal"), ("nvidia", ""), ("amd", "rdna-2")];
        assert!(with.iter().all(|(vendor, architecture)| has_instruction(vendor, architecture)));
        assert!(
            has_instruction("qualcomm", "adreno-7xx") && has_instruction("arm", "valhall") && has_instruction("", "")
        );
    }
}
