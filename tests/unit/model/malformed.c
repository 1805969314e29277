/* SPDX-License-Identifier: MIT */
/* Malformed model files with float32 weights, one defect each, with the exact status. */
#include "defects.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>

#include "model/model.h"

#define CHECK(defects) check_defects(defects, sizeof(defects) / sizeof(defects)[0], ASL_WEIGHTS_F32)

#define BAD        ASL_ERR_MODEL
#define FIRST      "'bn1.bias':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}"
#define LAST       "'fc1.weight':{'dtype':'F32','shape':[2,2],'data_offsets':[64,80]}}"
#define TENSOR(s)  "'bn1.bias':{" s "}"
#define SHAPED(s)  TENSOR("'dtype':'F32','shape':" s ",'data_offsets':[0,8]")
#define TYPED(t)   TENSOR("'dtype':" t ",'shape':[2],'data_offsets':[0,8]")
#define PLACED(o)  TENSOR("'dtype':'F32','shape':[2],'data_offsets':" o)
#define X16        "xxxxxxxxxxxxxxxx"
#define X64        X16 X16 X16 X16
#define HEADER_BAD "its header is not valid"
#define NOT_PLAIN  "its header is not UTF-8 without control characters"

static void test_valid(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    valid_file valid = make_valid(ASL_WEIGHTS_F32);
    (void)state;
    assert_ok(load(valid.header, strlen(valid.header), valid.data, valid.data_size, &err), &err);
    assert_int_equal(valid.data_size, 80);
    free_valid(&valid);
}

static void test_text(void **state)
{
    static const defect defects[] = {
        {"{'__metadata__'", "['__metadata__'", 0, BAD, "not a model file"},
        {"{'__metadata__'", " {'__metadata__'", 0, BAD, "not a model file"},
        {"{'__metadata__'", "\xef\xbb\xbf{'__metadata__'", 0, BAD, "not a model file"},
        {"{'__metadata__'", "{\n'__metadata__'", 0, BAD, NOT_PLAIN},
        {"{'__metadata__'", "{\t'__metadata__'", 0, BAD, NOT_PLAIN},
        {"{'__metadata__'", "{/**/'__metadata__'", 0, BAD, HEADER_BAD},
        {"{'__metadata__'", "{__metadata__", 0, BAD, HEADER_BAD},
        {"{'__metadata__':", "{'__metadata__'", 0, BAD, HEADER_BAD},
        {"'A,B'", "'A,\xff'", 0, BAD, NOT_PLAIN},
        {"'A,B'", "'A,\xc0\x80'", 0, BAD, NOT_PLAIN},
        {"'A,B'", "'A,\xed\xa0\x80'", 0, BAD, NOT_PLAIN},
        {"'A,B'", "'A,\xf4\x90\x80\x80'", 0, BAD, NOT_PLAIN},
        {"'A,B'", "'A,\xe6\x89'", 0, BAD, NOT_PLAIN},
        {"'A,B'", "'A,\x7f'", 0, BAD, NOT_PLAIN},
        {"'A,B'", "'A,\\u0000B'", 0, BAD, HEADER_BAD},
        {"'A,B'", "'A,\\ud800B'", 0, BAD, HEADER_BAD},
        {"'A,B'", "'A,\\xB'", 0, BAD, HEADER_BAD},
        {"'A,B'", "'A,B", 0, BAD, HEADER_BAD},
        {"'A,B'", "'A,\\nB'", 0, BAD, "metadata 'asl.labels' holds control characters"},
        {"'A,B'", "'A,\\u007fB'", 0, BAD, "metadata 'asl.labels' holds control characters"},
        {LAST, LAST "x", 0, BAD, "only spaces may follow its header"},
        {LAST, LAST "\n", 0, BAD, "only spaces may follow its header"},
        {LAST, LAST "{}", 0, BAD, HEADER_BAD},
        {LAST, LAST "}", 0, BAD, HEADER_BAD},
        {LAST, "'fc1.weight':{'dtype':'F32','shape':[2,2],'data_offsets':[64,80]}", 0, BAD,
         HEADER_BAD},
        {FIRST, FIRST ",", 0, BAD, HEADER_BAD},
        {FIRST ",", FIRST, 0, BAD, HEADER_BAD},
        {FIRST, SHAPED("[[2]]"), 0, BAD, "nested deeper than 3 levels"},
        {FIRST, "'x':{'y':{'z':{}}}", 0, BAD, "nested deeper than 3 levels"},
        {FIRST, SHAPED("[{"), 0, BAD, "nested deeper than 3 levels"},
        {FIRST, SHAPED("[2.0]"), 0, BAD, "has an impossible shape"},
        {FIRST, SHAPED("[02]"), 0, BAD, HEADER_BAD},
        {FIRST, SHAPED("[+2]"), 0, BAD, HEADER_BAD},
        {FIRST, SHAPED("[0x2]"), 0, BAD, HEADER_BAD},
        {FIRST, SHAPED("[18446744073709551616]"), 0, BAD, HEADER_BAD},
        {FIRST, SHAPED("[NaN]"), 0, BAD, HEADER_BAD},
        {FIRST, SHAPED("[1e999]"), 0, BAD, HEADER_BAD},
        {"'bn1.weight':", "'bn1.bias':", 0, BAD, "duplicate"},
        {"'bn1.weight':", "'bn1.bia\\u0073':", 0, BAD, "duplicate"},
        {"'asl.kind':", "'asl.input':", 0, BAD, "duplicate"},
        {FIRST, TENSOR("'dtype':'F32','dtype':'F32','shape':[2],'data_offsets':[0,8]"), 0, BAD,
         "duplicate"},
        {FIRST, "'__metadata__':{}", 0, BAD, "duplicate"},
    };
    (void)state;
    CHECK(defects);
}

static void test_metadata(void **state)
{
    static const defect defects[] = {
        {"'__metadata__'", "'__metadatA__'", 0, BAD, "has no metadata"},
        {"'__metadata__':", "'__metadata__':[],'x':", 0, BAD, "has no metadata"},
        {"'__metadata__':", "'__metadata__':null,'x':", 0, BAD, "has no metadata"},
        {"'__metadata__':", "'__metadata__':'','x':", 0, BAD, "has no metadata"},
        {"'asl.kind':'model'", "'asl.kind':1", 0, BAD, "metadata 'asl.kind' is not a string"},
        {"'asl.kind':'model'", "'asl.kind':1.5", 0, BAD, "metadata 'asl.kind' is not a string"},
        {"'asl.kind':'model'", "'asl.kind':null", 0, BAD, "metadata 'asl.kind' is not a string"},
        {"'asl.kind':'model'", "'asl.kind':true", 0, BAD, "metadata 'asl.kind' is not a string"},
        {"'asl.kind':'model'", "'asl.kind':[]", 0, BAD, "metadata 'asl.kind' is not a string"},
        {"'asl.kind':'model'", "'asl.kind':{}", 0, BAD, "metadata 'asl.kind' is not a string"},
        {"'asl.writer'", "'asl writer'", 0, BAD, "'asl writer' is not a metadata key"},
        {"'asl.writer'", "''", 0, BAD, "'' is not a metadata key"},
        {"'asl.writer'", "'é'", 0, BAD, "is not a metadata key"},
        {"'asl.writer'", "'x" X64 "'", 0, BAD, "is not a metadata key"},
        {"'asl.writer'", "'" X64 "'", 0, ASL_OK, ""},
        {"'asl.writer'", "'asl.unknown'", 0, ASL_OK, ""},
        {"'asl.writer'", "'framework'", 0, ASL_OK, ""},
        {"'asl.architecture':", "'asl.xx':", 0, BAD, "has no asl.architecture"},
        {"'asl.channel_order':", "'asl.xx':", 0, BAD, "has no asl.channel_order"},
        {"'asl.crc32':", "'asl.xx':", 0, BAD, "has no asl.crc32"},
        {"'asl.crc32':", "'asl.crc32' :", 0, BAD, "has no asl.crc32"},
        {"'asl.crc32':", "'asl.crc3\\u0032':", 0, BAD, "has no asl.crc32"},
        {"'asl.crc32':'", "'asl.crc32':'0", 0, BAD, "asl.crc32 is not eight digits"},
        {"'asl.crc32':'", "'asl.crc32':'','x':'", 0, BAD, "asl.crc32 is not eight digits"},
        {"'asl.crc32':'", "'asl.crc32':'ABCDEF01','x':'", 0, ASL_ERR_CHECKSUM, "damaged"},
        {"'asl.crc32':'", "'asl.crc32':'zzzzzzzz','x':'", 0, ASL_ERR_CHECKSUM, "damaged"},
        {"'asl.crc32':'", "'asl.crc32':'\\u00300000000','x':'", 0, BAD, "not eight digits"},
        {"'asl.format':", "'asl.xx':", 0, BAD, "asl.format is missing"},
        {"'asl.format':'1.0'", "'asl.format':'1'", 0, BAD, "asl.format is missing or not a"},
        {"'asl.format':'1.0'", "'asl.format':''", 0, BAD, "asl.format is missing or not a"},
        {"'asl.format':'1.0'", "'asl.format':'1.'", 0, BAD, "asl.format is missing or not a"},
        {"'asl.format':'1.0'", "'asl.format':'.0'", 0, BAD, "asl.format is missing or not a"},
        {"'asl.format':'1.0'", "'asl.format':'0.9'", 0, BAD, "asl.format is missing or not a"},
        {"'asl.format':'1.0'", "'asl.format':'-1.0'", 0, BAD, "asl.format is missing or not a"},
        {"'asl.format':'1.0'", "'asl.format':'1.0.0'", 0, BAD, "asl.format is missing or not a"},
        {"'asl.format':'1.0'", "'asl.format':'1.x'", 0, BAD, "asl.format is missing or not a"},
        {"'asl.format':'1.0'", "'asl.format':'1.7'", 0, ASL_OK, ""},
        {"'asl.format':'1.0'", "'asl.format':'2.0'", 0, ASL_ERR_MODEL_TOO_NEW, "has format 2.0"},
        {"'asl.format':'1.0'", "'asl.format':'10.3'", 0, ASL_ERR_MODEL_TOO_NEW, "has format 10.3"},
        {"'asl.format':'1.0'", "'asl.format':'2.0','asl.mystery':'q'", 5, ASL_ERR_MODEL_TOO_NEW,
         "has format 2.0"},
        {"'asl.input':", "'asl.xx':", 0, BAD, "has no asl.input"},
        {"'asl.kind':", "'asl.xx':", 0, BAD, "has no asl.kind"},
        {"'asl.labels':", "'asl.xx':", 0, BAD, "has no asl.labels"},
        {"'asl.mean':", "'asl.xx':", 0, BAD, "has no asl.mean"},
        {"'asl.preset':", "'asl.xx':", 0, BAD, "has no asl.preset"},
        {"'asl.std':", "'asl.xx':", 0, BAD, "has no asl.std"},
    };
    (void)state;
    CHECK(defects);
}

static void test_values(void **state)
{
    static const defect defects[] = {
        {"'asl.kind':'model'", "'asl.kind':'checkpoint'", 0, BAD, "is a training checkpoint"},
        {"'asl.kind':'model'", "'asl.kind':'modem'", 0, BAD, "asl.kind is 'modem', not 'model'"},
        {"'asl.preset':'custom'", "'asl.preset':''", 0, BAD, "asl.preset is ''"},
        {"'asl.preset':'custom'", "'asl.preset':'a b'", 0, BAD, "asl.preset is 'a b'"},
        {"'asl.preset':'custom'", "'asl.preset':'" X16 X16 "'", 0, BAD, "asl.preset is 'xxx"},
        {"'asl.preset':'custom'", "'asl.preset':'not-yet-known'", 0, ASL_OK, ""},
        {"dense classes'", "dense 4096; dense 4096; dense classes'", 0, BAD,
         "tensor 'fc1.weight' does not have the shape"},
        {"'3x4x4'", "''", 0, BAD, "asl.input is ''"},
        {"'3x4x4'", "'3x4'", 0, BAD, "asl.input is '3x4'"},
        {"'3x4x4'", "'4x4x4'", 0, BAD, "asl.input is '4x4x4'"},
        {"'3x4x4'", "'3x0x4'", 0, BAD, "asl.input is '3x0x4'"},
        {"'3x4x4'", "'3x4x4097'", 0, BAD, "asl.input is '3x4x4097'"},
        {"'3x4x4'", "'3x-4x4'", 0, BAD, "asl.input is '3x-4x4'"},
        {"'3x4x4'", "'3x4x4x4'", 0, BAD, "asl.input is '3x4x4x4'"},
        {"'3x4x4'", "'3,4,4'", 0, BAD, "asl.input is '3,4,4'"},
        {"'3x4x4'", "'3x4x4 '", 0, BAD, "asl.input is '3x4x4 '"},
        {"'3x4x4'", "'3x4x4294967300'", 0, BAD, "asl.input is"},
        {"'3x4x4'", "'3x9x7'", 0, ASL_OK, ""},
        {"'rgb'", "'RGB'", 0, BAD, "asl.channel_order is 'RGB'"},
        {"'rgb'", "''", 0, BAD, "asl.channel_order is ''"},
        {"'rgb'", "'gbr'", 0, BAD, "asl.channel_order is 'gbr'"},
        {"'rgb'", "'bgr'", 0, ASL_OK, ""},
        {"'127.5,127.5,127.5'", "'1,2'", 0, BAD, "asl.mean is '1,2'"},
        {"'127.5,127.5,127.5'", "'1,2,3,4'", 0, BAD, "asl.mean is '1,2,3,4'"},
        {"'127.5,127.5,127.5'", "'1,,3'", 0, BAD, "asl.mean is '1,,3'"},
        {"'127.5,127.5,127.5'", "'1e2,0,0'", 0, BAD, "asl.mean is '1e2,0,0'"},
        {"'127.5,127.5,127.5'", "'nan,0,0'", 0, BAD, "asl.mean is 'nan,0,0'"},
        {"'127.5,127.5,127.5'", "'0,1001,0'", 0, BAD, "asl.mean is '0,1001,0'"},
        {"'127.5,127.5,127.5'", "'0, 1,0'", 0, BAD, "asl.mean is '0, 1,0'"},
        {"'127.5,127.5,127.5'", "'-1,0.25,1000'", 0, ASL_OK, ""},
        {"'63.75,63.75,63.75'", "'0,1,1'", 0, BAD, "asl.std is '0,1,1'"},
        {"'63.75,63.75,63.75'", "'1,-1,1'", 0, BAD, "asl.std is '1,-1,1'"},
        {"'63.75,63.75,63.75'", "'1,1,0.0001'", 0, BAD, "asl.std is '1,1,0.0001'"},
        {"'63.75,63.75,63.75'", "'inf,1,1'", 0, BAD, "asl.std is 'inf,1,1'"},
        {"'63.75,63.75,63.75'", "'1'", 0, BAD, "asl.std is '1'"},
        {"'A,B'", "''", 0, ASL_ERR_LABELS, "1 classes"},
        {"'A,B'", "'A'", 0, ASL_ERR_LABELS, "1 classes"},
        {"'A,B'", "'A,'", 0, ASL_ERR_LABELS, "the name of class 1 is empty"},
        {"'A,B'", "',B'", 0, ASL_ERR_LABELS, "the name of class 0 is empty"},
        {"'A,B'", "'A,A'", 0, ASL_ERR_LABELS, "classes 0 and 1 are both 'A'"},
        {"'A,B'", "'A,x" X64 "'", 0, ASL_ERR_LABELS, "has 65 bytes"},
        {"'A,B'", "'A,B,C'", 0, BAD, "tensor 'fc1.weight' does not have the shape"},
        {"; dense classes", "; dense 2", 0, ASL_ERR_ARCHITECTURE, "must be 'dense classes'"},
        {"; dense classes", "", 0, ASL_ERR_ARCHITECTURE, "must be 'dense classes'"},
        {"global_pool avg", "relu", 0, ASL_ERR_ARCHITECTURE, "put a global_pool before it"},
        {"conv2d 2 k1", "conv2d 2 k5", 0, ASL_ERR_ARCHITECTURE, "kernel 5 is larger"},
        {"conv2d 2 k1", "", 0, ASL_ERR_ARCHITECTURE, "layer 1 (): is empty"},
        {"conv2d 2 k1", "conv9 2 k1", 0, ASL_ERR_ARCHITECTURE, "is no kind of layer"},
        {"conv2d 2 k1", "conv2d 4096 k31 p30;conv2d 4096 k31 p30", 0, ASL_ERR_ARCHITECTURE,
         "parameters"},
        {"conv2d 2 k1", "conv2d 3 k1", 0, BAD, "tensor 'conv1.weight' does not have the shape"},
        {"conv2d 2 k1", "conv2d 2 k3 p1", 0, BAD, "tensor 'conv1.weight' does not have"},
        {"conv2d 2 k1", "conv2d 2 k1 bias", 0, BAD, "tensor 'conv1.bias' is missing"},
        {"batch_norm", "relu", 0, BAD, "tensor 'bn1.bias' belongs to no layer"},
        {"conv2d 2 k1", " conv2d  2  k1 s2", 0, ASL_OK, ""},
    };
    (void)state;
    CHECK(defects);
}

static void test_tensors(void **state)
{
    static const char exactly[] = "does not have exactly dtype, shape and data_offsets";
    static const defect defects[] = {
        {"'bn1.bias'", "'bn1 bias'", 0, BAD, "'bn1 bias' is not a tensor name"},
        {"'bn1.bias'", "''", 0, BAD, "'' is not a tensor name"},
        {"'bn1.bias'", "'bn1:bias'", 0, BAD, "is not a tensor name"},
        {"'bn1.bias'", "'bñ1.bias'", 0, BAD, "is not a tensor name"},
        {"'bn1.bias'", "'x" X64 X64 "'", 0, BAD, "is not a tensor name"},
        {"'bn1.bias'", "'" X64 X64 "'", 0, BAD, "tensor 'bn1.bias' is missing"},
        {"'bn1.bias'", "'model/bn1.bias'", 0, BAD, "tensor 'bn1.bias' is missing"},
        {"'bn1.bias'", "'BN1.bias'", 0, BAD, "tensor 'bn1.bias' is missing"},
        {FIRST, "'bn1.bias':true", 0, BAD, exactly},
        {FIRST, "'bn1.bias':[]", 0, BAD, exactly},
        {FIRST, "'bn1.bias':{}", 0, BAD, exactly},
        {FIRST, TENSOR("'shape':[2],'data_offsets':[0,8]"), 0, BAD, exactly},
        {FIRST, TENSOR("'dtype':'F32','data_offsets':[0,8]"), 0, BAD, exactly},
        {FIRST, TENSOR("'dtype':'F32','shape':[2]"), 0, BAD, exactly},
        {FIRST, TENSOR("'dtype':'F32','shape':[2],'data_offsets':[0,8],'x':1"), 0, BAD, exactly},
        {FIRST, TYPED("1"), 0, BAD, exactly},
        {FIRST, TYPED("null"), 0, BAD, exactly},
        {FIRST, TYPED("'f32'"), 0, BAD, "the unknown type 'f32'"},
        {FIRST, TYPED("'F128'"), 0, BAD, "the unknown type 'F128'"},
        {FIRST, TYPED("'BF16'"), 0, BAD, "the unknown type 'BF16'"},
        {FIRST, TYPED("''"), 0, BAD, "the unknown type ''"},
        {FIRST, TYPED("'F64'"), 0, BAD, "tensor 'bn1.bias' of 16 bytes lies at 0..8"},
        {FIRST, TENSOR("'dtype':'F16','shape':[4],'data_offsets':[0,8]"), 0, BAD, "shape and type"},
        {FIRST, TENSOR("'dtype':'I64','shape':[1],'data_offsets':[0,8]"), 0, BAD, "shape and type"},
        {FIRST, TENSOR("'dtype':'F64','shape':[],'data_offsets':[0,8]"), 0, BAD, "shape and type"},
        {FIRST, TENSOR("'dtype':'U8','shape':[8],'data_offsets':[0,8]"), 0, BAD, "shape and type"},
        {FIRST, SHAPED("[1,2]"), 0, BAD, "shape and type"},
        {FIRST, SHAPED("[1,1,1,1,1,2]"), 0, BAD, "shape and type"},
        {FIRST, SHAPED("[2,1]"), 0, BAD, "shape and type"},
        {"'shape':[2,2],'data_offsets':[64,80]", "'shape':[4],'data_offsets':[64,80]", 0, BAD,
         "shape and type"},
        {LAST, "'fc1.weight':{'dtype':'F64','shape':[2,2],'data_offsets':[64,96]}}", 16, BAD,
         "shape and type"},
        {FIRST, SHAPED("2"), 0, BAD, exactly},
        {FIRST, SHAPED("'2'"), 0, BAD, exactly},
        {FIRST, SHAPED("{}"), 0, BAD, exactly},
        {FIRST, SHAPED("['2']"), 0, BAD, "has an impossible shape"},
        {FIRST, SHAPED("[null]"), 0, BAD, "has an impossible shape"},
        {FIRST, SHAPED("[true]"), 0, BAD, "has an impossible shape"},
        {FIRST, SHAPED("[0]"), 0, BAD, "has an impossible shape"},
        {FIRST, SHAPED("[2,0]"), 0, BAD, "has an impossible shape"},
        {FIRST, SHAPED("[-2]"), 0, BAD, "holds a number with a sign"},
        {FIRST, SHAPED("[2147483648]"), 0, BAD, "has an impossible shape"},
        {FIRST, SHAPED("[9223372036854775807]"), 0, BAD, "has an impossible shape"},
        {FIRST, SHAPED("[2147483647,2147483647,2147483647]"), 0, BAD, "has an impossible shape"},
        {FIRST, SHAPED("[65536,65536,65536,16384]"), 0, BAD, "has an impossible shape"},
        {FIRST, SHAPED("[65536,65536,65536,65536]"), 0, BAD, "has an impossible shape"},
        /* Products of 2^66 + 2 and 2^63 + 2: cut to 64 bits, the sizes would be right. */
        {FIRST, SHAPED("[6,11,131,2731,409891,7623851]"), 0, BAD, "has an impossible shape"},
        {FIRST, SHAPED("[2,5,5581,8681,49477,384773]"), 0, BAD, "has an impossible shape"},
        {FIRST, SHAPED("[1,1,1,1,1,1,2]"), 0, BAD, "has 7 dimensions; at most 6"},
        {FIRST, SHAPED("[]"), 0, BAD, "of 4 bytes lies at 0..8"},
        {FIRST, SHAPED("[3]"), 0, BAD, "of 12 bytes lies at 0..8"},
        {FIRST, PLACED("8"), 0, BAD, exactly},
        {FIRST, PLACED("[]"), 0, BAD, exactly},
        {FIRST, PLACED("[0]"), 0, BAD, exactly},
        {FIRST, PLACED("[0,8,8]"), 0, BAD, exactly},
        {FIRST, PLACED("[0.0,8]"), 0, BAD, exactly},
        {FIRST, PLACED("['0',8]"), 0, BAD, exactly},
        {FIRST, PLACED("[8,0]"), 0, BAD, "lies at 8..0"},
        {FIRST, PLACED("[-8,0]"), 0, BAD, "holds a number with a sign"},
        {FIRST, PLACED("[-0,8]"), 0, BAD, "holds a number with a sign"},
        {FIRST, PLACED("[0,7]"), 0, BAD, "lies at 0..7"},
        {FIRST, PLACED("[0,9]"), 0, BAD, "lies at 0..9"},
        {FIRST, PLACED("[0,0]"), 0, BAD, "lies at 0..0"},
        {FIRST, PLACED("[-9223372036854775808,9223372036854775807]"), 0, BAD, "with a sign"},
        {FIRST, PLACED("[0,18446744073709551616]"), 0, BAD, HEADER_BAD},
        {FIRST, PLACED("[4,12]"), 0, BAD, "begins at 4, not at 0"},
        {FIRST, PLACED("[8,16]"), 0, BAD, "begins at 8, not at 0"},
        {FIRST, PLACED("[80,88]"), 8, BAD, "begins at 8, not at 0"},
        {FIRST, PLACED("[9223372036854775799,9223372036854775807]"), 0, BAD, "not at 0"},
        {"[8,16]", "[0,8]", 0, BAD, "begins at 0, not at 8"},
        {"[8,16]", "[7,15]", 0, BAD, "begins at 7, not at 8"},
        {"[8,16]", "[9,17]", 0, BAD, "begins at 9, not at 8"},
        {"[64,80]", "[65,81]", 1, BAD, "begins at 65, not at 64"},
        {"[64,80]", "[1064,1080]", 0, BAD, "begins at 1064, not at 64"},
        {"[64,80]", "[64,80]", 1, BAD, "1 bytes follow the last tensor"},
        {"[64,80]", "[64,80]", 64, BAD, "64 bytes follow the last tensor"},
        {"[64,80]", "[64,80]", -1, ASL_ERR_TRUNCATED, "has 79 bytes of data where its header"},
        {"[64,80]", "[64,80]", -80, ASL_ERR_TRUNCATED, "has 0 bytes of data"},
        {"'fc1.weight':{'dtype':'F32','shape':[2,2],'data_offsets':[64,80]",
         "'fc1.weight':{'dtype':'F32','shape':[2,3],'data_offsets':[64,88]", 0, ASL_ERR_TRUNCATED,
         "has 80 bytes of data where its header needs 88"},
        {"'fc1.weight':{'dtype':'F32','shape':[2,2],'data_offsets':[64,80]",
         "'fc1.weight':{'dtype':'F32','shape':[2,3],'data_offsets':[64,88]", 8, BAD,
         "tensor 'fc1.weight' does not have the shape"},
        {"," LAST, "}", -16, BAD, "tensor 'fc1.weight' is missing"},
        {LAST, "'zz':{'dtype':'F32','shape':[2,2],'data_offsets':[64,80]}}", 0, BAD,
         "tensor 'fc1.weight' is missing"},
        {"," LAST, ",'a':{'dtype':'U8','shape':[1],'data_offsets':[80,81]}," LAST, 1, BAD,
         "tensor 'a' belongs to no layer"},
    };
    (void)state;
    CHECK(defects);
}

/* The order of tensors in the header is free, only their places in the data are not. */
static void test_header_order(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    valid_file valid = make_valid(ASL_WEIGHTS_F32);
    char *without = edit(valid.header, FIRST ",", "");
    char *moved = edit(without, LAST, FIRST "," LAST);
    (void)state;
    assert_ok(load(moved, strlen(moved), valid.data, valid.data_size, &err), &err);
    free(moved);
    free(without);
    free_valid(&valid);
}

static void test_weights(void **state)
{
    /* Tensors by name: bn1.bias, bn1.running_mean, bn1.running_var at 4, ..., fc1.weight to 20. */
    static const struct {
        int index;
        float value;
        asl_status status;
        const char *says;
    } cases[] = {
        {0, NAN, BAD, "value 0 of 'bn1.bias' is not finite"},
        {8, INFINITY, BAD, "value 0 of 'conv1.weight' is not finite"},
        {13, -INFINITY, BAD, "value 5 of 'conv1.weight' is not finite"},
        {19, NAN, BAD, "value 3 of 'fc1.weight' is not finite"},
        {5, -1, BAD, "value 1 of 'bn1.running_var' is negative"},
        {5, 0, ASL_OK, ""},
        {3, -1, ASL_OK, ""},
        {19, 3.4e38f, ASL_OK, ""},
    };
    valid_file valid = make_valid(ASL_WEIGHTS_F32);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        asl_error err = ASL_ERROR_INIT;
        float data[20];
        memcpy(data, valid.data, sizeof data);
        data[cases[i].index] = cases[i].value;
        const asl_status status = load(valid.header, strlen(valid.header), data, sizeof data, &err);
        assert_int_equal(status, cases[i].status);
        if (!strstr(err.message, cases[i].says))
            fail_msg("'%s' does not say '%s'", err.message, cases[i].says);
    }
    free_valid(&valid);
}

static asl_status load_bytes(const void *bytes, size_t size, asl_error *err)
{
    asl_model *model = NULL;
    void *exact = calloc(1, size ? size : 1);
    memcpy(exact, bytes, size);
    const asl_status status = asl_model_load_memory(&model, exact, size, err);
    assert_null(model);
    free(exact);
    return status;
}

static void test_frame(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    assert_status(load_bytes("", 0, &err), ASL_ERR_TRUNCATED, &err);
    assert_status(load_bytes("\2\0\0\0\0\0\0\0", 8, &err), ASL_ERR_TRUNCATED, &err);
    assert_status(load_bytes("\0\0\0\0\0\0\0\0{}", 10, &err), BAD, &err);
    assert_status(load_bytes("\1\0\0\0\0\0\0\0{}", 10, &err), BAD, &err);
    assert_status(load_bytes("\2\0\0\0\0\0\0\0{}", 10, &err), BAD, &err);
    assert_status(load_bytes("\2\0\0\0\0\0\0\0{ ", 10, &err), BAD, &err);
    assert_status(load_bytes("\3\0\0\0\0\0\0\0{\0}", 11, &err), BAD, &err);
    assert_status(load_bytes("\3\0\0\0\0\0\0\0{}", 10, &err), ASL_ERR_TRUNCATED, &err);
    assert_status(load_bytes("\0\0\x10\0\0\0\0\0{}", 10, &err), ASL_ERR_TRUNCATED, &err);
    assert_status(load_bytes("\1\0\x10\0\0\0\0\0{}", 10, &err), ASL_ERR_LIMIT, &err);
    assert_status(load_bytes("\377\377\377\377\377\377\377\377{}", 10, &err), ASL_ERR_LIMIT, &err);
    assert_status(load_bytes("PK\3\4\0\0\0\0\0\0\0\0", 12, &err), BAD, &err);
    assert_non_null(strstr(err.message, "libasl.convert"));
    assert_status(load_bytes("\211PNG\r\n\32\n\0\0\0\rIHDR", 16, &err), BAD, &err);
}

/* A header with `count` pieces of the same pattern put in place of a piece of the valid one. */
static asl_status load_many(const char *find, const char *pattern, int count, asl_error *err)
{
    valid_file valid = make_valid(ASL_WEIGHTS_F32);
    char *text = malloc((size_t)count * (strlen(pattern) + 12) + strlen(find) + 1);
    size_t size = (size_t)sprintf(text, "%s", find);
    char *quoted = quote(pattern);
    for (int i = 0; i < count; i++) {
        const char *gap = strchr(quoted, '#');
        size += (size_t)sprintf(text + size, "%.*s%d%s", (int)(gap - quoted), quoted, i, gap + 1);
    }
    char *header = edit(valid.header, find, text);
    const asl_status status = load(header, strlen(header), valid.data, valid.data_size, err);
    free(header);
    free(quoted);
    free(text);
    free_valid(&valid);
    return status;
}

static void test_limits(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    assert_ok(load_many("'asl.writer':'libasl 1.0.0'", ",'k#':''", 53, &err), &err); /* 64 */
    assert_status(load_many("'asl.writer':'libasl 1.0.0'", ",'k#':''", 54, &err), ASL_ERR_LIMIT,
                  &err);
    assert_status(load_many(FIRST, ",'t#':{}", ASL__TENSORS_MAX_COUNT - 6, &err), ASL_ERR_LIMIT,
                  &err);
    assert_status(load_many(FIRST, ",'t#':{}", ASL__TENSORS_MAX_COUNT - 7, &err), BAD, &err);
    assert_status(load_many("'asl.preset':'custom", "#xxxxxxxxxxxxxxxxxxxxxxxxxx", 2500, &err),
                  ASL_ERR_LIMIT, &err);
    assert_non_null(strstr(err.message, "metadata 'asl.preset' is longer than 65536 bytes"));
    assert_status(load_many(FIRST, ",'t#':{}", 100000, &err), ASL_ERR_LIMIT, &err);
    assert_non_null(strstr(err.message, "its header claims"));
    assert_status(load_many("'A,B", ",n#", 1023, &err), ASL_ERR_LABELS, &err);
    assert_status(load_many("'A,B", ",n#", 1022, &err), BAD, &err); /* the tensors do not fit */
    assert_status(load_many("conv2d 2 k1", "; dropout 0.#", 200, &err), ASL_ERR_ARCHITECTURE, &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),    cmocka_unit_test(test_text),
        cmocka_unit_test(test_metadata), cmocka_unit_test(test_values),
        cmocka_unit_test(test_tensors),  cmocka_unit_test(test_header_order),
        cmocka_unit_test(test_weights),  cmocka_unit_test(test_frame),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
