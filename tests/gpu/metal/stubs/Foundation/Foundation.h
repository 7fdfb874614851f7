/* Foundation.h — of Apple's Foundation, what src/device/metal uses: declarations for compiling it elsewhere,
 * and for fake_metal.m to fill in. Names and types are Apple's. */
#ifndef STUB_FOUNDATION_H
#define STUB_FOUNDATION_H

#include <stddef.h>
#include <stdint.h>

typedef unsigned long NSUInteger;
typedef long NSInteger;
#define YES ((BOOL)1)
#define NO ((BOOL)0)
#define nil ((id)0)
typedef signed char BOOL;

@protocol NSObject
- (instancetype)retain;
- (oneway void)release;
- (instancetype)autorelease;
@end

__attribute__((objc_root_class))
@interface NSObject<NSObject> {
    Class isa;
    NSUInteger references;
    id earlier; /* of those that have ended */
}
+ (instancetype)alloc;
- (instancetype)init;
- (void)dealloc;
@end

@interface NSAutoreleasePool : NSObject {
    int first;
}
- (void)drain;
@end

@interface NSString : NSObject {
    char *text;
}
+ (instancetype)stringWithUTF8String:(const char *)text;
- (const char *)UTF8String;
@end

@interface NSError : NSObject {
    NSInteger number;
}
- (NSInteger)code;
- (NSString *)localizedDescription;
@end

@interface NSArray<ObjectType> : NSObject {
    id entry[4];
    NSUInteger used;
}
- (NSUInteger)count;
- (ObjectType)objectAtIndex:(NSUInteger)index;
@end

@interface NSProcessInfo : NSObject
+ (NSProcessInfo *)processInfo;
- (NSString *)operatingSystemVersionString;
@end

#endif
