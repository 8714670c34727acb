namespace Managed.Guards.Interchange;

/// <summary>Kinds of files that hold directions in the residual stream.</summary>
public enum VectorFormat
{
    /// <summary>GGUF with the architecture `controlvector`: repeng, llama.cpp, EasySteer.</summary>
    Gguf,

    /// <summary>The JSON of IBM's activation-steering.</summary>
    Svec,

    /// <summary>One NumPy array: a row for each layer from 0 on, or one direction.</summary>
    Npy,

    /// <summary>A zip of NumPy arrays, named by layer.</summary>
    Npz,

    /// <summary>One tensor for each layer, or one of all layers.</summary>
    Safetensors,
}

/// <summary>
/// What the number of a direction in a file means where its writer measures it at one block's output and its own engine adds it
/// at another's.
/// </summary>
public enum VectorPlace
{
    /// <summary>The block at whose output the direction was measured.</summary>
    Measured,

    /// <summary>The block at whose output the format's own engine adds the direction.</summary>
    Applied,
}
