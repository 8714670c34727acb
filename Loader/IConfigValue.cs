namespace Managed.Loader;

/// <summary>A value of config.json or of GGUF metadata, asked for by kind; each question answers null where the kind is another.</summary>
internal interface IConfigValue
{
    /// <summary>Where the value starts in its file.</summary>
    long Offset { get; }

    /// <summary>The value in words, for errors: `the string "abc"`, `an array of 3`.</summary>
    string Describe();

    /// <summary>An integer, however large; numbers such as 32.0 count.</summary>
    Int128? AsInteger();

    /// <summary>A finite number.</summary>
    double? AsNumber();

    bool? AsFlag();

    string? AsText();

    long[]? AsIntegers();

    double[]? AsNumbers();

    string[]? AsTexts();
}
