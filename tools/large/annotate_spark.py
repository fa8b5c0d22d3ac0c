"""Annotates JSON Lines with Spark: each task pipes its part of the lines through `luke annotate`.

    spark-submit tools/large/annotate_spark.py IN OUT --luke luke --model luke-mini-en [-- --task qa ...]

IN is a file, a folder or a pattern, on any file system that Spark reads. OUT is a new folder of files part-00000, part-00001 and
so on, in the order of the lines. `luke` and the model folder must be at the same path on every machine. What stands after `--` goes
to `luke annotate`. A task that fails is run again by Spark, and its lines are written once.
"""

import argparse
import shlex
import sys

from pyspark.sql import SparkSession

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("input")
parser.add_argument("output")
parser.add_argument("--luke", default="luke")
parser.add_argument("--model", required=True)
parser.add_argument("--part-bytes", type=int, default=1 << 20, help="bytes of input for each task (default: 1 MiB)")
# What stands after `--` is for `luke annotate`.
words = [*sys.argv[1:], "--"]
end = words.index("--")
arguments, options = parser.parse_args(words[:end]), words[end + 1 : -1]

# A task of Spark has one core.
command = [arguments.luke, "annotate", "-", "-", "--model", arguments.model, "--threads", "1", "--quiet", *options]

spark = SparkSession.builder.appName("luke annotate").getOrCreate()
# Only "\n" ends a line. `textFile` would also take "\r", and change the bytes of lines that end in "\r\n".
lines = spark.sparkContext.newAPIHadoopFile(
    arguments.input,
    "org.apache.hadoop.mapreduce.lib.input.TextInputFormat",
    "org.apache.hadoop.io.LongWritable",
    "org.apache.hadoop.io.Text",
    conf={
        "textinputformat.record.delimiter": "\n",
        "mapreduce.input.fileinputformat.split.maxsize": str(arguments.part_bytes),
    },
).values()
lines.pipe(shlex.join(command), checkCode=True).saveAsTextFile(arguments.output)
spark.stop()
